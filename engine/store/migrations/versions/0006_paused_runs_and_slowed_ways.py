"""Why a run was stopped and when a person let it go on; slowed ways out; letters bound to the one in doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("resumed_at", sa.BigInteger(), nullable=True))
    op.add_column("pace", sa.Column("ceiling", sa.Float(), nullable=True))
    op.add_column("deliveries", sa.Column("bound_to", sa.Text(), nullable=True))
    op.execute("UPDATE deliveries SET bound_to = provider WHERE state = 'uncertain'")
