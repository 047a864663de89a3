"""The pages that people see: made on the server, readable without JavaScript but for Try it."""
