"""The database's versions, run by Alembic when a server starts."""
