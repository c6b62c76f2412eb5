"""Tasks that stand for a letter, and tasks that have a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("tasks", sa.Column("delivery", number, nullable=True))
    op.add_column("tasks", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.create_index("tasks_once", "tasks", ["delivery"], unique=True)
