"""Every table of the first server."""

from alembic import op

from kinora.serve.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    metadata().create_all(op.get_bind())


def downgrade() -> None:
    """Drop them."""
    metadata().drop_all(op.get_bind())
