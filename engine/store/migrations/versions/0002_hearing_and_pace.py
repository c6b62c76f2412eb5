"""What is heard of letters, the pace of each way out, paused campaigns, and where tracked links lead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("suppressions", sa.Column("until", sa.BigInteger(), nullable=True))
    op.create_table(
        "heard",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("news", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("delivery", IDENTITY, nullable=True),
        sa.Column("customer", IDENTITY, nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("bounce", sa.Text(), nullable=True),
        sa.Column("machine", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "identity", name="heard_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("heard_by_delivery", "heard", ["delivery"], unique=False)
    op.create_index("heard_by_address", "heard", ["address_hash", "news", "at"], unique=False)
    op.create_index("heard_by_time", "heard", ["provider", "news", "at"], unique=False)
    op.create_table(
        "pace",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=True),
        sa.Column("probe", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "pauses",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("campaign"),
    )
    op.create_table(
        "links",
        sa.Column("variant", IDENTITY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["variant"], ["variants.id"]),
        sa.PrimaryKeyConstraint("variant", "number"),
        sqlite_with_rowid=False,
    )
