"""Which calls were refused as a whole and then sent in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("split", sa.Boolean(), server_default=sa.false(), nullable=False))
