"""What the policy knows a run's letters by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("purpose", "intent", "topic", "tags"):
        op.add_column("runs", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("counts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_index("runs_by_end", "runs", ["finished_at"])
