"""Names, notes, and deleting with a way back."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("note", sa.Text, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("deleted", sa.Double))
