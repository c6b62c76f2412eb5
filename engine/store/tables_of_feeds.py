"""The tables of feeds: how each was found, and its posts."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from engine.store.types import Identity, Moment, metadata

feeds = Table(
    "feeds",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("checked_at", Moment),
    Column("succeeded_at", Moment),
    Column("failed_at", Moment),
    Column("failure", Text),
    Column("baseline_at", Moment),
    Column("entries", Integer),
    Column("validator_uses", Integer, nullable=False, server_default="0"),
    Column("moved_to", Text),
    Column("moved_seen", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Moment),
    Column("gone", Boolean, nullable=False, server_default=false()),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("feed", Text, ForeignKey("feeds.feed"), nullable=False),
    Column("identity", Text, nullable=False),
    Column("guid", Text),
    Column("link", Text),
    Column("title_hash", Text),
    Column("content_hash", Text),
    Column("first_seen", Moment, nullable=False),
    Column("published", Moment),
    Column("announce", Boolean, nullable=False, server_default=true()),
    Column("held", Text),
    Column("body", Text, nullable=False),
    UniqueConstraint("feed", "identity", name="posts_once"),
    sqlite_autoincrement=True,
)
Index(
    "posts_news",
    posts.c.feed,
    posts.c.first_seen,
    sqlite_where=text("announce AND held IS NULL"),
    postgresql_where=text("announce AND held IS NULL"),
)
