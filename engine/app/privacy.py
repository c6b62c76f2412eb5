"""Wiring for what a person may ask of us: no more letters, everything held on them, everything erased."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from engine.app.desk import Desk
from engine.errors import Refused, UsageError
from engine.flows.readers import replaying
from engine.flows.receive import suppressing
from engine.model.address import address_hash, normalise_address
from engine.store import customers, deliveries, erasing, everything, suppressions
from engine.store.erasing import Erased

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.customers import Customer

MANUAL, SOURCE = "manual", "suppress"
"""The reason and the source of what a person suppressed by command; only that is lifted by command."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What `suppress` did, and every suppression of the address afterwards."""

    email: str
    scope: str
    changed: bool
    standing: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The object `suppress --json` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `forget` erased. `swept`: also the freed places of the database's file were written over."""

    email: str
    erased: Erased
    swept: bool

    def as_json(self) -> dict[str, object]:
        """The object `forget --json` prints."""
        return {"email": self.email, **asdict(self.erased), "swept": self.swept}


def suppress(desk: Desk, email: str, *, topic: str | None = None, reason: str = "") -> Suppressed:
    """Nothing more goes to the address: nothing at all, or nothing about one topic."""
    address, scope = _address(desk, email), _scope(desk, topic)
    with desk.database.write() as connection:
        new = suppressions.add(connection, address, scope, MANUAL, SOURCE, desk.now, reason)
        return Suppressed(email, scope, new, everything.of_address(connection, address))


def lift(desk: Desk, email: str, *, topic: str | None = None) -> Suppressed:
    """Takes back what `suppress` did. Raises Refused, with the reason, for every other suppression."""
    address, scope = _address(desk, email), _scope(desk, topic)
    with desk.database.write() as connection:
        found = {each.scope: each for each in suppressions.of_address(connection, address)}
        kept = found.get(scope) or (found.get("marketing") if scope == "all" else None)
        if kept is None:
            others = ", ".join(sorted(found)) or "nothing"
            raise UsageError(
                f"{email} is not suppressed for {_spelt(scope)}", help=f"it is suppressed for: {others}"
            )
        if kept.reason != MANUAL:
            raise Refused(
                f"{email} is not suppressed by hand: {kept.reason} since {kept.at:%Y-%m-%d}, by {kept.source}"
                + (f" ({kept.detail})" if kept.detail else ""),
                help=WHY_NOT.get(kept.reason, "only what `touchbase suppress` made can be lifted by command"),
            )
        suppressions.lift(connection, address, kept.scope, reason=MANUAL)
        # What was heard meanwhile stood behind the person's word and stands alone now.
        suppressing.follow(connection, [address], desk.now)
        return Suppressed(email, scope, True, everything.of_address(connection, address))


WHY_NOT = {
    "bounced": "the mailbox does not take letters; import the customer's new address instead",
    "soft_bounces": "it is a pause, which ends by itself",
    "complained": "whoever complained is never written to again about anything but service",
    "unsubscribed": "only the reader can come back, on their own page",
    "sunset": "it ends with a sign of life; one that came another way can be imported as an event (docs/howto/sunset.md)",
    "paused": "the reader asked for it; it ends by itself, or on their own page",
    "forgotten": "the person asked to be erased; they can only come back as somebody new, with another address",
}
"""What to say to somebody who wants to lift another kind of suppression."""


def forget(desk: Desk, who: str) -> Forgotten:
    """Erases everything held on a person, and keeps the hash of their addresses so that nobody writes to them again.

    `who`: an address, for everybody who has it, or a customer's key.
    """
    with desk.database.write() as connection:
        found = _people(desk, connection, who)
        if not found and "@" not in who:
            raise UsageError(
                f"no customer has the address or key `{who}`", help="name the address to be erased"
            )
        emails = [who] if "@" in who else []
        erased = erasing.erase(connection, [each.id for each in found], emails, desk.now)
    return Forgotten(who, erased, desk.database.sweep())


def people(desk: Desk, who: str) -> int:
    """How many customers `forget` would erase."""
    with desk.database.read() as connection:
        return len(_people(desk, connection, who))


def export(desk: Desk, who: str) -> dict[str, Any]:
    """Everything held on a person, as plain data. UsageError where nothing is."""
    with desk.database.read() as connection:
        found = _people(desk, connection, who)
        addresses = sorted({each.email for each in found if each.email} | ({who} if "@" in who else set()))
        closed = {each: everything.of_address(connection, address_hash(each)) for each in addresses}
        if not found and not any(closed.values()):
            raise UsageError(f"nothing is held on `{who}`", help="check the spelling of the address or key")
        return {
            "asked_for": who,
            "at": desk.now.isoformat(),
            "customers": [_customer(connection, each) for each in found],
            "suppressions": [
                {"address": address, **each} for address, rows in closed.items() for each in rows
            ],
        }


def _customer(connection: Connection, person: Customer) -> dict[str, Any]:
    held = everything.of_customer(connection, person.id)
    for letter in held["letters"]:
        letter.update(_text(connection, letter.pop("id")))
    record: dict[str, Any] = {
        "customer_id": person.customer_id,
        "email": person.email,
        "time_zone": person.time_zone,
        "language": person.language,
        "tags": list(person.tags),
        "fields": {name: _plain(value) for name, value in person.fields.items() if value is not None},
    }
    return {**{name: value for name, value in record.items() if value}, **held}


def _text(connection: Connection, delivery: int) -> dict[str, str]:
    """The letter as it was sent, for what its personal values say of the person."""
    row = deliveries.get(connection, delivery)
    letter = replaying.replay(connection, row) if row is not None else None
    return {"subject": letter.subject, "text": letter.text} if letter is not None else {}


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _people(desk: Desk, connection: Connection, who: str) -> list[Customer]:
    """Everybody with that address; or the one with that key."""
    found = customers.find(connection, desk.fields, who)
    if "@" in who:
        return [each for each in found if each.address_hash == address_hash(who)]
    return found[:1]


def _address(desk: Desk, email: str) -> str:
    if "@" not in email:
        with desk.database.read() as connection:
            found = _people(desk, connection, email)
        if not found or not found[0].address_hash:
            raise UsageError(f"`{email}` is no address, and no customer's key", help="write an address")
        return found[0].address_hash
    local, _, domain = normalise_address(email).rpartition("@")
    if not local or not domain:
        raise UsageError(f"`{email}` is no address", help="write it like ana@mail.example")
    return address_hash(email)


def _scope(desk: Desk, topic: str | None) -> str:
    if topic is None:
        return "all"
    topics = desk.workspace.project.topics
    if topic not in topics:
        known = ", ".join(topics) or "none"
        raise UsageError(f"there is no topic `{topic}`", help=f"the project's topics: {known}")
    return f"topic:{topic}"


def _spelt(scope: str) -> str:
    return "everything" if scope == "all" else scope.removeprefix("topic:")
