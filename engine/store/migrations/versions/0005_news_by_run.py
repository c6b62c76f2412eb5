"""News knows its run, so that a run's bounces are counted from one index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("heard", sa.Column("run", IDENTITY, nullable=True))
    op.create_index("heard_by_run", "heard", ["run", "news", "bounce", "effect", "delivery"], unique=False)
