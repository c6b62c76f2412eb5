"""What readers chose on their own page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("customer", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("tracked", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer"),
        sqlite_with_rowid=False,
    )
