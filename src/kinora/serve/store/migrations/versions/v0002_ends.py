"""Indices of when jobs ended and expire: a scrape of the metrics and the keeper's rounds read every job there was."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_index(op.f("ix_jobs_completed_at"), "jobs", ["completed_at"])
    op.create_index(op.f("ix_jobs_expires_at"), "jobs", ["expires_at"])
