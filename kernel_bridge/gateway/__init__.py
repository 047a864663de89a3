"""The gateway: SQL, Google Sheets and GraphQL for notebooks, by services that settings name.

What is asked comes from a page or a kernel of this server; addresses, passwords and tokens stay
here.
"""
