"""Proofs that came with news: each serves one event, whichever of several processes hears it."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import text

from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT = timedelta(days=2)
"""How long a proof is remembered: longer than any provider's is believed (Mailgun: nine hours either way)."""


def spend(connection: Connection, provider: str, proof: str, event: str, now: datetime) -> bool:
    """Whether the proof came with no other event so far; from now on it is this event's. Old ones are forgotten."""
    # Neither of them may be too long for an index, whoever wrote it.
    given = {
        "provider": provider,
        "proof": sha256(proof.encode(errors="replace")).hexdigest(),
        "event": sha256(event.encode(errors="replace")).hexdigest(),
        "at": to_microseconds(now),
        "old": to_microseconds(now - KEPT),
    }
    connection.execute(text("DELETE FROM spent_proofs WHERE at < :old"), given)
    connection.execute(text(_KEEP), given)
    return connection.execute(text(_EVENT), given).scalar() == given["event"]


_KEEP = """
INSERT INTO spent_proofs (provider, proof, event, at) VALUES (:provider, :proof, :event, :at)
ON CONFLICT (provider, proof) DO NOTHING
"""
_EVENT = "SELECT event FROM spent_proofs WHERE provider = :provider AND proof = :proof"
