"""Wiring for touches by people: somebody called, visited, wrote, gave, and says so."""

from __future__ import annotations

from datetime import datetime

from engine.app.desk import Desk
from engine.app.owners import sender_name
from engine.app.people import find_customer
from engine.errors import UsageError
from engine.model.touch import Logged, TouchKind
from engine.store import touches_by_people


def log(desk: Desk, email: str, kind: TouchKind, text: str, *, at: str | None = None, by: str = "") -> Logged:
    """Writes a touch down. `by`: a sender's name. UsageError for unknown people and for times to come."""
    said = words(text, "what was said or done")
    happened = past_moment(desk, at)
    customer = find_customer(desk, email)
    made_by = sender_name(desk, by, customer) if by else ""
    try:
        with desk.database.write() as connection:
            touch, new = touches_by_people.record(
                connection, customer.id, kind, happened, said, desk.now, by=made_by
            )
    except LookupError as error:
        raise UsageError(f"`{email}` was erased just now", help="nothing was written down") from error
    return Logged(touch, new, customer.email or "", customer.customer_id, kind, happened, said, made_by)


def words(text: str, what: str) -> str:
    """What a person wrote, as both databases can keep it. UsageError where it is empty."""
    kept = text.replace("\x00", "").encode(errors="replace").decode().strip()
    if not kept:
        raise UsageError(f"{what} is empty", help="write it in quotes, in a few words")
    return kept


def past_moment(desk: Desk, at: str | None) -> datetime:
    """The moment written as `--at`, or now. UsageError where it is still to come."""
    moment = desk.moment(at)
    if moment > desk.now:
        local = desk.now.astimezone(desk.zone)
        raise UsageError(
            f"--at: {moment.astimezone(desk.zone):%Y-%m-%d %H:%M} is still to come; it is {local:%Y-%m-%d %H:%M} now",
            help="write down what has happened; for what is to be done there is `touchbase task`",
        )
    return moment
