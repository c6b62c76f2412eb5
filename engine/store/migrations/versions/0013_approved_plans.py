"""When a saved plan was approved, and by whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("approved_at", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("approved_by", sa.Text(), nullable=True))
