"""Every table, its keys and its indexes; nothing else. Those of feeds, processes and people stand beside it.

Foreign keys stand only between small tables. Deliveries, events, subscriptions and consent are written by
the million from a SELECT over customers, where PostgreSQL would pay a trigger per row for what is certain.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from engine.store.tables_of_feeds import feeds as feeds
from engine.store.tables_of_feeds import posts as posts
from engine.store.tables_of_people import sender_days as sender_days
from engine.store.tables_of_people import tasks as tasks
from engine.store.tables_of_people import touches as touches
from engine.store.tables_of_processes import jobs as jobs
from engine.store.tables_of_processes import pace as pace
from engine.store.tables_of_processes import spent_proofs as spent_proofs
from engine.store.tables_of_processes import watches as watches
from engine.store.tables_of_processes import workers as workers
from engine.store.tables_of_staff import digests as digests
from engine.store.tables_of_stages import stage_rounds as stage_rounds
from engine.store.tables_of_stages import stages as stages
from engine.store.tables_of_tiers import tier_pins as tier_pins
from engine.store.tables_of_tiers import tier_rounds as tier_rounds
from engine.store.types import Identity, Moment, Words
from engine.store.types import metadata as metadata

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# One row for every kind a field has ever had: each keeps its column, so a kind may change and change back.
fields = Table(
    "fields",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("column_name", Text, nullable=False, unique=True),
    Column("current", Boolean, nullable=False),
    Column("declared_at", Moment, nullable=False),
)

# Declared fields stand beside these as typed columns of their own: see engine.store.fields.customer_table().
customers = Table(
    "customers",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("customer_id", Text, nullable=False, unique=True),
    Column("email", Text),
    Column("address_hash", Text),
    Column("time_zone", Text),
    Column("language", Text),
    Column("tags", Words),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("customers_by_address", "address_hash"),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("customer", Identity, primary_key=True, autoincrement=False),
    Column("topic", Text, primary_key=True),
    Column("subscribed", Boolean, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Index("subscriptions_by_topic", "topic", "subscribed", "customer"),
    sqlite_with_rowid=False,
)

consent = Table(
    "consent",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("customer", Identity, nullable=False),
    Column("topic", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("consent_by_customer", "customer", "at"),
)

# `until`: a pause a reader asked for ends by itself; NULL lasts.
# Keyed by the hash of the address, not by the customer: it outlives deletion and covers a second customer.
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("detail", Text),
    Column("until", Moment),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("customer", Identity, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("fields", Text),
    Column("identity", LargeBinary, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Index("events_by_name", "name", "customer", "at"),
)

# `due_at`: when its occurrence was due by the calendar, where the daemon took it up; NULL where only people ask.
# `purpose` … `counts`: what the policy knows the run's letters by, as the campaign said when it was planned.
runs = Table(
    "runs",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("occurrence", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("as_of", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("planned_at", Moment),
    Column("finished_at", Moment),
    Column("revision", Text),
    Column("provider", Text),
    Column("snapshot", Text),
    Column("requested", Integer),
    Column("reason", Text),
    Column("resumed_at", Moment),
    Column("due_at", Moment),
    Column("purpose", Text),
    Column("intent", Text),
    Column("topic", Text),
    Column("tags", Words),
    Column("counts", Boolean, nullable=False, server_default=true()),
    Column("approved_at", Moment),
    Column("approved_by", Text),
    UniqueConstraint("campaign", "occurrence", name="runs_once"),
    Index("runs_by_end", "finished_at"),
    sqlite_autoincrement=True,
)
Index(
    "runs_open",
    runs.c.campaign,
    sqlite_where=text("state NOT IN ('done', 'cancelled', 'missed')"),
    postgresql_where=text("state NOT IN ('done', 'cancelled', 'missed')"),
)

variants = Table(
    "variants",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run", Identity, ForeignKey("runs.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("program", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("offer", Text),
    UniqueConstraint("run", "key", name="variants_once"),
)

variant_posts = Table(
    "variant_posts",
    metadata,
    Column("variant", Identity, ForeignKey("variants.id"), primary_key=True),
    Column("post", Identity, ForeignKey("posts.id"), primary_key=True),
    Index("variant_posts_by_post", "post"),
    sqlite_with_rowid=False,
)

# `due_at` says from when a delivery may be claimed; NULL says it is not in the queue. It is set exactly in
# the states planned and retry_wait. The queue's index hangs on it and not on `state`, because PostgreSQL can
# then write intent and receipt as heap-only updates, which touch no index at all.
# `call`: the last call it was part of; its slots stand in the `letters` of that call, so that no row of the
# ledger grows while its letter is under way.
# `bound_to`: the provider with which its fate was once unknown; it never goes through another one.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run", Identity, nullable=False),
    Column("customer", Identity, nullable=False),
    Column("step", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("variant", Identity),
    Column("profile", Text),
    Column("address", Text),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment),
    Column("lease", Text),
    Column("lease_until", Moment),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("call", Identity),
    Column("submitted_at", Moment),
    Column("settled_at", Moment),
    Column("bound_to", Text),
    UniqueConstraint("customer", "run", "step", name="deliveries_once"),
    Index("deliveries_by_run", "run"),
    sqlite_autoincrement=True,
)
Index(
    "deliveries_queue",
    deliveries.c.run,
    deliveries.c.variant,
    deliveries.c.due_at,
    sqlite_where=text("due_at IS NOT NULL AND variant IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL AND variant IS NOT NULL"),
)

# On `bound_to` and not on `state`, for the same reason as above: it is written only when a letter comes into doubt.
Index(
    "deliveries_in_doubt",
    deliveries.c.run,
    sqlite_where=text("bound_to IS NOT NULL"),
    postgresql_where=text("bound_to IS NOT NULL"),
)

# One row per call to a provider, with what it answered: the evidence for every settled delivery.
calls = Table(
    "calls",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("run", Identity, nullable=False),
    Column("provider", Text, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", Text),
    Column("status", Integer),
    Column("detail", Text),
    Column("split", Boolean, nullable=False, server_default=false()),
    Index("calls_by_run", "run"),
)

# The letters of one call, as they were handed over: everybody's slots and idempotency key. See engine.store.letters.
letters = Table(
    "letters",
    metadata,
    Column("call", Identity, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

# Everything heard of letters, once each, also what we know nothing about: the evidence for bounces, complaints
# and opens. `effect` says what was done with it: see engine.store.heard.Effect.
heard = Table(
    "heard",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("news", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("delivery", Identity),
    Column("run", Identity),
    Column("customer", Identity),
    Column("address_hash", Text),
    Column("provider_id", Text),
    Column("bounce", Text),
    Column("machine", Boolean, nullable=False, server_default=false()),
    Column("effect", Text, nullable=False),
    Column("detail", Text),
    UniqueConstraint("provider", "identity", name="heard_once"),
    Index("heard_by_delivery", "delivery"),
    Index("heard_by_address", "address_hash", "news", "at"),
    Index("heard_by_time", "provider", "news", "at"),
    Index("heard_by_run", "run", "news", "bounce", "effect", "delivery"),
    sqlite_autoincrement=True,
)

# A campaign somebody paused by command; the YAML's own `status: paused` is kept in the YAML.
pauses = Table(
    "pauses",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("reason", Text),
)

# What a reader chose on their own page; it stands above whatever an import says.
preferences = Table(
    "preferences",
    metadata,
    Column("customer", Identity, primary_key=True, autoincrement=False),
    Column("tracked", Boolean, nullable=False, server_default=true()),
    Column("time_zone", Text),
    Column("language", Text),
    Column("changed_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# Where a tracked link leads: never in the address itself.
links = Table(
    "links",
    metadata,
    Column("variant", Identity, ForeignKey("variants.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("target", Text, nullable=False),
    sqlite_with_rowid=False,
)

# `used_by`: who came with it, NULL where the event's customer is unknown; maybe not whom it was given to.
# `tier`, `worth`: what it took from which tier's budget when it was given; NULL where no budget is concerned.
codes = Table(
    "codes",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("offer", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("customer", Identity),
    Column("delivery", Identity),
    Column("reserved_at", Moment),
    Column("expires_at", Moment),
    Column("used_at", Moment),
    Column("used_by", Identity),
    Column("tier", Text),
    Column("worth", Float),
    UniqueConstraint("offer", "code", name="codes_once"),
    Index("codes_by_delivery", "delivery"),
    Index("codes_by_customer", "offer", "customer"),
)
Index(
    "codes_free",
    codes.c.offer,
    sqlite_where=text("state = 'free'"),
    postgresql_where=text("state = 'free'"),
)
