"""What answers over HTTP: layers, negotiation, routes, and the server's health."""
