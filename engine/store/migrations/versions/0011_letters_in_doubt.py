"""Letters whose fate was ever unknown are found from one small index, however many letters there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    once_in_doubt = sa.text("bound_to IS NOT NULL")
    op.create_index(
        "deliveries_in_doubt",
        "deliveries",
        ["run"],
        sqlite_where=once_in_doubt,
        postgresql_where=once_in_doubt,
    )
