"""In which stage of sunset everybody is who is not engaged, and when that was worked out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "stages",
        sa.Column("customer", number, primary_key=True, autoincrement=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("silent_since", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("stages_by_stage", "stages", ["stage", "customer"])
    op.create_table(
        "stage_rounds",
        sa.Column("day", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
