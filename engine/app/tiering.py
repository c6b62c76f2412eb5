"""Wiring for tiers: who has which, who would move, one person's score, and a tier given by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from engine.app.desk import Desk
from engine.app.people import find_customer, rulebook
from engine.app.touching import words
from engine.audience.rulebook import Rulebook
from engine.calendar import first_instant
from engine.calendar.periods import period_start
from engine.definitions.checks.tiers import tier_order
from engine.definitions.schema.customers import FieldKind
from engine.errors import Refused, UsageError
from engine.flows.intake.tiers import TierField
from engine.flows.tiers.computing import Computing
from engine.model.built_in_events import OwnEvent
from engine.model.tier import Mover, TierGiven, TierLine, TierReport, TierScore
from engine.store import events, tier_scores, tiers
from engine.store.tiers import Pin

if TYPE_CHECKING:
    from sqlalchemy import Connection

Result = TypeVar("Result")

SHOWN = 20
"""So many people who move are named, where nobody asks for all."""

IMPORTED_HELP = (
    "add `score:` and `give:` to config/tiers.yaml, or change the field in the file you import customers from"
)


def look(desk: Desk, *, people: int | None = SHOWN) -> TierReport:
    """Tiers now, and who would move; nothing is kept. `people`: how many of them are named (None: all)."""
    _require_field(desk)
    if not desk.workspace.tiers.score:
        return _as_imported(desk)
    return _looked(desk, lambda computing: _report(desk, computing, people))


def apply(desk: Desk, *, people: int | None = SHOWN) -> TierReport:
    """The same, and it takes effect. Refused where nothing is scored."""
    _require_score(desk)
    done = _take_effect(desk, people, once=False)
    assert done is not None
    return done


def recompute(desk: Desk) -> TierReport | None:
    """What the daemon does: computed once in each period of `recompute`; None where nothing was due.

    The period's row is written in the transaction of the changes: of two processes one finds it there, and whoever
    dies leaves neither row nor changes.
    """
    chosen = desk.workspace.tiers
    if not chosen.score or chosen.recompute is None:
        return None
    with desk.database.read() as connection:
        if tiers.has_round(connection, _period(desk)):
            return None
    return _take_effect(desk, 0, once=True)


def keep_up(desk: Desk) -> list[str]:
    """The same, told in a sentence where something was due."""
    report = recompute(desk)
    return (
        [f"tiers computed: {report.moving:,} of {sum(line.now for line in report.tiers):,} changed"]
        if report
        else []
    )


def explain(desk: Desk, email: str) -> TierScore:
    """One person's score and what follows from it. Refused where nothing is scored."""
    _require_score(desk)
    customer = find_customer(desk, email)
    found = _looked(desk, lambda computing: computing.score(customer.id))
    if found is None:
        raise UsageError(f"`{email}` was erased just now")
    return found


def give(desk: Desk, email: str, tier: str, because: str, until: str | None = None) -> TierGiven:
    """A tier by a person's word: it stands above the score until it is released, or its last day is over."""
    _require_score(desk)
    known = tier_order(desk.workspace)
    if tier not in known:
        near = get_close_matches(tier.lower(), known, n=1)
        help = f"did you mean `{near[0]}`? " if near else ""
        raise UsageError(f"there is no tier `{tier}`", help=f"{help}There are: {', '.join(known)}")
    said = words(because, "the reason")
    ends = _end_of(desk, until) if until is not None else None
    customer, table = find_customer(desk, email), rulebook(desk, desk.now)
    with desk.database.write() as connection:
        tiers.hold(connection)
        before = _change(desk, table, connection, customer.id, tier, f"by hand: {said}")
        tiers.pin(connection, customer.id, Pin(tier, said, desk.now, ends))
    return TierGiven(customer.customer_id, customer.email or "", before, tier, said, ends)


def release(desk: Desk, email: str) -> TierGiven:
    """The score decides again, from the next computing on. Refused where no tier was given by hand."""
    customer = find_customer(desk, email)
    tier = customer.fields.get(desk.workspace.tiers.field) or ""
    with desk.database.write() as connection:
        if not tiers.release(connection, customer.id):
            raise Refused(
                f"`{email}` has no tier that was given by hand", help="touchbase tiers --explain EMAIL"
            )
    return TierGiven(customer.customer_id, customer.email or "", str(tier), str(tier))


def tier_field(desk: Desk) -> TierField | None:
    """What an import must know of the field that holds tiers; None where customers have no such field."""
    chosen = desk.workspace.tiers
    kind = desk.workspace.customers.fields.get(chosen.field)
    if kind is None or kind.kind not in (FieldKind.ONE_OF, FieldKind.TEXT):
        return None
    return TierField(chosen.field, bool(chosen.score))


def _looked(desk: Desk, see: Callable[[Computing], Result]) -> Result:
    """What is seen of everybody's score, which is forgotten again."""
    rules = rulebook(desk, desk.now)
    with desk.database.aside() as aside, aside.working() as connection:
        computing = Computing.begin(connection, desk.workspace.tiers, tier_order(desk.workspace), rules)
        found = see(computing)
        computing.sheets.clear(connection)
    return found


def _take_effect(desk: Desk, people: int | None, *, once: bool) -> TierReport | None:
    """Computed aside, while others write, and then given; with `once` only where nobody did in this period."""
    rules, period = rulebook(desk, desk.now), _period(desk)
    with desk.database.aside() as aside:
        with aside.working() as connection:
            computing = Computing.begin(connection, desk.workspace.tiers, tier_order(desk.workspace), rules)
            found = _report(desk, computing, people, applied=True)
        with aside.writing() as connection:
            tiers.hold(connection)
            began = tiers.begin_round(connection, period, desk.now)
            if began or not once:
                tiers.end_round(connection, period, desk.now, computing.apply())
            computing.sheets.clear(connection)
    return found if began or not once else None


def _report(desk: Desk, computing: Computing, people: int | None, *, applied: bool = False) -> TierReport:
    lines, moves, kept, by_hand = computing.lines()
    named: list[Mover] = list(computing.movers(people)) if people != 0 else []
    last = tiers.last_round(computing.connection) if not applied else desk.now
    return TierReport(
        desk.workspace.tiers.field, True, applied, desk.now, last, lines, moves, kept, by_hand, named
    )


def _as_imported(desk: Desk) -> TierReport:
    """How many customers have each value of a field that files fill."""
    table = rulebook(desk, desk.now)
    column = table.columns[desk.workspace.tiers.field].column
    with desk.database.read() as connection:
        counts = tier_scores.counts(connection, table.customers, column)
    order = tier_order(desk.workspace)
    lines = [TierLine(tier, "", counts.pop(tier, 0), None) for tier in order]
    rest = sum(counts.values())
    lines += [TierLine("", "", rest, None)] if rest else []
    return TierReport(desk.workspace.tiers.field, False, False, desk.now, None, lines)


def _change(
    desk: Desk, table: Rulebook, connection: Connection, customer: int, tier: str, reason: str
) -> str:
    column = table.columns[desk.workspace.tiers.field].column
    before = tiers.change(connection, table.customers, column, customer, tier, desk.now)
    if before != tier:
        fields = {"from": before, "to": tier, "reason": reason} if before else {"to": tier, "reason": reason}
        name, identity = OwnEvent.TIER_CHANGED, f"{customer}/{desk.now.isoformat()}/{tier}"
        events.record(connection, customer, name, desk.now, fields, identity, "by hand")
    return before


def _period(desk: Desk) -> str:
    every = desk.workspace.tiers.recompute
    today = desk.now.astimezone(desk.zone).date()
    return (period_start(every, today) if every is not None else today).isoformat()


def _end_of(desk: Desk, until: str) -> datetime:
    """The first moment after a day. UsageError for what is no day, or one that is over."""
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise UsageError(f"--until: `{until}` is not a day", help="write it like 2027-03-31") from error
    ends = first_instant(datetime.combine(day + timedelta(days=1), datetime.min.time()), desk.zone)
    if ends <= desk.now:
        raise UsageError(f"--until: {until} is over", help="name the last day on which the tier holds")
    return ends


def _require_field(desk: Desk) -> None:
    if desk.workspace.tiers.field not in desk.workspace.customers.fields:
        raise Refused(
            "there are no tiers: config/customers.yaml has no field for them",
            help="add `tier: { one_of: [gold, silver] }` under `fields:`, and see docs/howto/tiers.md",
        )


def _require_score(desk: Desk) -> None:
    _require_field(desk)
    if not desk.workspace.tiers.score:
        raise Refused(f"`{desk.workspace.tiers.field}` is not scored here; files fill it", help=IMPORTED_HELP)
