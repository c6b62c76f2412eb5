"""Which offer a variant carries, so that a segment knows who was given it, a shared code included."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("variants", sa.Column("offer", sa.Text(), nullable=True))
