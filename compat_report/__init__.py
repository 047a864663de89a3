"""The compat report: which notebooks can run serverless, why not, and what to port next."""
