"""The first schema."""

from alembic import op

from index_server.schema import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind())
    op.bulk_insert(metadata.tables["state"], [{"name": "serial", "value": "0"}])


def downgrade() -> None:
    """Drop every table."""
    metadata.drop_all(op.get_bind())
