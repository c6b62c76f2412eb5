"""Tasks the policy asks for once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("occasion", sa.Text(), nullable=True))
    op.create_index("tasks_once_for", "tasks", ["customer", "occasion"], unique=True)
