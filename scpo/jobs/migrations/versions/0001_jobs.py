"""Jobs: settings, run folder, state, lease."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("key", sa.String(64), unique=True),
        sa.Column("folder", sa.Text, unique=True, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("finished", sa.Double),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("worker", sa.String(120)),
        sa.Column("beat_monotonic", sa.Double),
        sa.Column("beat_database", sa.Double),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("fraction", sa.Double, nullable=False),
        sa.Column("seconds_left", sa.Double),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(120), primary_key=True),
        sa.Column("beat_monotonic", sa.Double, nullable=False),
        sa.Column("beat_database", sa.Double, nullable=False),
    )
