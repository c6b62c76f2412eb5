"""Codes know when somebody came with them and who it was, and what they took from which tier's budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("codes", sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "codes", sa.Column("used_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.add_column("codes", sa.Column("tier", sa.Text(), nullable=True))
    op.add_column("codes", sa.Column("worth", sa.Float(), nullable=True))
