"""Which letters left on which day for senders who may write so many a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "sender_days",
        sa.Column("sender", sa.Text(), primary_key=True),
        sa.Column("day", sa.Text(), primary_key=True),
        sa.Column("delivery", number, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
