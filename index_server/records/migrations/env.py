"""What Alembic runs; the connection comes from `index_server.records.engine`."""

from alembic import context

from index_server.records.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
