"""Whose letter a piece of news is about: by our own id, else by the address and the provider's id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.model.address import address_hash
from engine.model.heard import HARD, Effect, Heard, News
from engine.store import heard
from engine.store.heard import Match

if TYPE_CHECKING:
    from sqlalchemy import Connection

REFERENCE = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})")
"""Our id of a delivery: the first eight letters of this database's own id, and the row's number."""

RECENT = timedelta(days=60)
"""How old the letter may be that news without our id is about; a bounce takes five days at the most."""

LONGEST, LONGEST_URL = 500, 2000
"""Of what other people's machines say; their ids beyond it are kept by their hash."""

AGAINST = frozenset({News.BOUNCED, News.REFUSED, News.COMPLAINED})
"""News from which suppressions follow."""


@dataclass(frozen=True)
class Ears:
    """Who listens, and how what is heard is understood.

    `provider`: whose news it is, a name of the workspace, or "mail". `install`: the first eight letters of this
    database's id. `topics`: each marketing campaign's topic. `by_mail`: the news was read from mails, which
    name an address and not always a letter.
    """

    provider: str
    install: str
    topics: Mapping[str, str] = field(default_factory=dict)
    by_mail: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """News with whom it is about. `address`: the hash the news counts for, "" where it counts for none."""

    heard: Heard
    match: Match | None
    address: str
    customer: int | None
    effect: Effect

    @property
    def hard(self) -> bool:
        """Whether it closes an address at once."""
        came_back = self.heard.news in (News.BOUNCED, News.REFUSED)
        return came_back and self.heard.bounce in HARD and self.effect is not Effect.ORPHAN


def understand(connection: Connection, ears: Ears, items: Sequence[Heard], now: datetime) -> list[Piece]:
    """Whose letter each piece of news is about: by our own id, else by the address and the provider's id."""
    references = [_delivery_of(item, ears.install) for item in items]
    by_delivery = heard.of_deliveries(connection, sorted({each for each in references if each}))
    nameless = [address_hash(item.address) for item in items if not item.reference and item.address]
    letters = heard.of_addresses(connection, nameless, now - RECENT)
    people = heard.customers_of(connection, nameless)
    pieces = []
    for item, delivery in zip(items, references, strict=True):
        if item.reference:
            pieces.append(_piece(item, by_delivery.get(delivery)))
            continue
        address = address_hash(item.address) if item.address else ""
        match = _letter_of(item, letters.get(address, ()))
        if match is not None or item.provider_id or not address:
            pieces.append(_piece(item, match))
        elif address in people:
            pieces.append(Piece(item, None, address, people[address], _effect(item)))
        elif ears.by_mail and item.news in AGAINST:
            pieces.append(Piece(item, None, address, None, _effect(item)))
        else:
            pieces.append(_piece(item, None))
    return pieces


def cleaned(item: Heard, now: datetime) -> Heard:
    """The same news without what a database cannot keep, within bounds, and not from the future."""
    identity = _plain(item.identity)
    if len(identity) > LONGEST:
        identity = blake2b(identity.encode(), digest_size=16).hexdigest()
    at = item.at if item.at.tzinfo is not None else item.at.replace(tzinfo=UTC)
    return replace(
        item,
        identity=identity,
        at=min(at, now),
        reference=_plain(item.reference)[:LONGEST],
        provider_id=_plain(item.provider_id)[:LONGEST],
        address=_plain(item.address)[:LONGEST],
        detail=_plain(" ".join(item.detail.split()))[:LONGEST],
        url=_plain(item.url)[:LONGEST_URL],
        topic=_plain(item.topic)[:LONGEST],
    )


def _plain(text: str) -> str:
    """Without NUL, which PostgreSQL cannot keep, and without halves of characters, which nobody can."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _delivery_of(item: Heard, install: str) -> int:
    """The number of our delivery in the reference; 0 where there is none, or it is another database's."""
    found = REFERENCE.fullmatch(item.reference)
    return int(found[2]) if found and found[1] == install else 0


def _letter_of(item: Heard, letters: Iterable[Match]) -> Match | None:
    """Among the recent letters to its address the one with the provider's id, or the newest where it has none."""
    for letter in letters:
        if not item.provider_id or letter.provider_id == item.provider_id:
            return letter
    return None


def _piece(item: Heard, match: Match | None) -> Piece:
    if match is None:
        return Piece(item, None, "", None, Effect.ORPHAN)
    address = match.addresses[0] if match.addresses else ""
    return Piece(item, match, address, match.customer if match.known else None, _effect(item))


def _effect(item: Heard) -> Effect:
    closes = item.news is News.COMPLAINED or (
        item.news in (News.BOUNCED, News.REFUSED) and item.bounce in HARD
    )
    leaves = item.news is News.UNSUBSCRIBED and not item.machine
    return Effect.APPLIED if closes or leaves else Effect.NOTED
