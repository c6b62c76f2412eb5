"""The first tables: what the engine knows about people, feeds, codes, runs and deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("run", IDENTITY, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("calls_by_run", "calls", ["run"], unique=False)
    op.create_table(
        "codes",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer", IDENTITY, nullable=True),
        sa.Column("delivery", IDENTITY, nullable=True),
        sa.Column("reserved_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("offer", "code", name="codes_once"),
    )
    op.create_index("codes_by_customer", "codes", ["offer", "customer"], unique=False)
    op.create_index("codes_by_delivery", "codes", ["delivery"], unique=False)
    op.create_index(
        "codes_free",
        "codes",
        ["offer"],
        unique=False,
        sqlite_where=sa.text("state = 'free'"),
        postgresql_where=sa.text("state = 'free'"),
    )
    op.create_table(
        "consent",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("customer", IDENTITY, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("consent_by_customer", "consent", ["customer", "at"], unique=False)
    op.create_table(
        "customers",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("customers_by_address", "customers", ["address_hash"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("run", IDENTITY, nullable=False),
        sa.Column("customer", IDENTITY, nullable=False),
        sa.Column("step", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("variant", IDENTITY, nullable=True),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("slots", sa.LargeBinary(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("call", IDENTITY, nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer", "run", "step", name="deliveries_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_by_run", "deliveries", ["run"], unique=False)
    op.create_index(
        "deliveries_queue",
        "deliveries",
        ["run", "variant", "due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL AND variant IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL AND variant IS NOT NULL"),
    )
    op.create_table(
        "events",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("customer", IDENTITY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity"),
    )
    op.create_index("events_by_name", "events", ["name", "customer", "at"], unique=False)
    op.create_table(
        "feeds",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("baseline_at", sa.BigInteger(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "fields",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "kind"),
        sa.UniqueConstraint("column_name"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "runs",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("requested", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign", "occurrence", name="runs_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscriptions",
        sa.Column("customer", IDENTITY, autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subscribed", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "topic"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "subscriptions_by_topic", "subscriptions", ["topic", "subscribed", "customer"], unique=False
    )
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("address_hash", "scope"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workers",
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("boot"),
    )
    op.create_table(
        "posts",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("title_hash", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("announce", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("held", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed"],
            ["feeds.feed"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("feed", "identity", name="posts_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "variants",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("run", IDENTITY, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("program", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run", "key", name="variants_once"),
    )
    op.create_table(
        "variant_posts",
        sa.Column("variant", IDENTITY, nullable=False),
        sa.Column("post", IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["post"],
            ["posts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["variant"],
            ["variants.id"],
        ),
        sa.PrimaryKeyConstraint("variant", "post"),
        sqlite_with_rowid=False,
    )
    op.create_index("variant_posts_by_post", "variant_posts", ["post"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        # Room on each page for the three later versions of a row, so that intent and receipt stay beside it.
        op.execute("ALTER TABLE deliveries SET (fillfactor = 60)")
