"""Up to which moment each campaign's calendar was looked at; which runs are open; which posts are news."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN = sa.text("state NOT IN ('done', 'cancelled', 'missed')")
NEWS = sa.text("announce AND held IS NULL")


def upgrade() -> None:
    op.add_column("runs", sa.Column("due_at", sa.BigInteger(), nullable=True))
    op.create_index("runs_open", "runs", ["campaign"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        "posts_news", "posts", ["feed", "first_seen"], unique=False, sqlite_where=NEWS, postgresql_where=NEWS
    )
    op.create_table(
        "watches",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("campaign"),
    )
