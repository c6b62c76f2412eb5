"""An offer's codes for a run: reserved in the plan's transaction, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.audience.rulebook import Rulebook
from engine.content import codes as drawing
from engine.content.offers import expiry, is_over
from engine.content.pools import read_pool
from engine.definitions.checks.files import pool_file
from engine.definitions.schema.offers import Offer
from engine.definitions.workspace import Workspace
from engine.errors import Refused, UsageError
from engine.flows.plan import budgeting
from engine.model.words import Reason
from engine.store import codes
from engine.store.ledger import plan as ledger

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection, Select

LINES_SHOWN = 5


def check_not_over(workspace: Workspace, name: str, moment: datetime, zone: ZoneInfo) -> None:
    """Refused when the offer's last day has passed: its codes would be worth nothing."""
    until = workspace.offers[name].until
    if is_over(until, moment, zone):
        place = workspace.place("offers", name, "until")
        raise Refused(
            f"offer `{name}` ended on {until} ({place.where})",
            help="give it a later `until`, or take the offer out of the campaign",
        )


def reserve(
    connection: Connection,
    workspace: Workspace,
    name: str,
    run: int,
    *,
    moment: datetime,
    now: datetime,
    rules: Rulebook,
) -> list[str]:
    """A code for every planned letter of the run; sentences for the offer's owner.

    `moment`: when the run is; codes are valid from then. Raises Refused when codes, or the budget, run out and the
    offer says `when_exhausted: stop`.
    """
    offer = workspace.offers[name]
    if offer.code is None or offer.code.shared is not None:
        return []
    notes = _load_pool(connection, workspace, name, offer)
    given_at = max(moment, now)
    if offer.worth is not None:
        budgeting.lay_out(connection, rules, workspace, run, name, given_at)
    reserved = codes.reserve(
        connection,
        run,
        name,
        given_at,
        make=_maker(offer),
        limit=offer.limit,
        one_per=offer.one_per,
        expires_at=expiry(offer.valid_for, offer.until, moment, rules.zone),
        worth=offer.worth,
    )
    if offer.when_exhausted == "stop" and reserved.exhausted:
        raise Refused(
            f"offer `{name}` has {reserved.exhausted:,} codes too few, and `when_exhausted: stop` is set",
            help="add codes, raise `limit`, or write `when_exhausted: skip` or `send_without` in config/offers.yaml",
        )
    if offer.when_exhausted == "stop" and reserved.unaffordable:
        place = workspace.place("budget", key=True)
        raise Refused(
            f"the budget does not reach for {reserved.unaffordable:,} of offer `{name}`, and `when_exhausted: stop` is"
            f" set ({place.where})",
            help="write to fewer people, raise `budget`, or write `when_exhausted: skip` or `send_without` in "
            "config/offers.yaml",
        )
    without = reserved.exhausted + reserved.taken + reserved.unaffordable
    if without:
        if offer.when_exhausted == "skip":
            if reserved.unaffordable:
                budgeting.skip_barred(connection, workspace, run)
            ledger.skip_without_code(connection, run, name, offer.one_per)
        else:
            ledger.mark_without_code(connection, run, name)
            notes.append(f"{without:,} letters go without a code")
    of_budget = budgeting.left(connection, workspace, offer, given_at, rules.zone)
    if of_budget:
        notes.append(of_budget)
    left = _left(connection, name, offer)
    if offer.warn_below is not None and left is not None and left < offer.warn_below:
        notes.append(f"only {left:,} code{'' if left == 1 else 's'} left after this run")
    return [f"offer `{name}`: {note}" for note in notes]


def skip_beforehand(
    connection: Connection,
    workspace: Workspace,
    name: str,
    run: int,
    *,
    given_at: datetime,
    rules: Rulebook,
    order: Select[Any],
) -> None:
    """Ends the letters of whoever had theirs, and of whom the budget does not reach for, where such people get none:
    so that nobody is picked for nothing. `order`: whose turn is first."""
    offer = workspace.offers[name]
    if offer.when_exhausted != "skip" or offer.code is None or offer.code.shared is not None:
        return
    ledger.leave_out(connection, run, Reason.OFFER_TAKEN, "", those=codes.had_one(run, name, offer.one_per))
    if offer.worth is not None:
        budgeting.lay_out(connection, rules, workspace, run, name, given_at, order)
        budgeting.skip_barred(connection, workspace, run)


def _left(connection: Connection, name: str, offer: Offer) -> int | None:
    """How many codes can still be given; None where there is no end to them."""
    ends = [offer.limit - codes.out(connection, name)] if offer.limit is not None else []
    if offer.code is not None and offer.code.pool is not None:
        ends.append(codes.free(connection, name))
    return min(ends, default=None)


def _load_pool(connection: Connection, workspace: Workspace, name: str, offer: Offer) -> list[str]:
    """Adds the pool's codes; what was wrong with the file."""
    written = offer.code.pool if offer.code is not None else None
    if written is None:
        return []
    path = pool_file(workspace.root, written)
    try:
        content = path.read_bytes() if path is not None else None
    except OSError as error:
        raise UsageError(
            f"`{written}` cannot be read: {error.strerror}", help="check its permissions"
        ) from error
    if content is None:
        raise UsageError(
            f"there is no file `{written}` with codes", help="paths start at the workspace's folder"
        )
    pool = read_pool(content, written)
    codes.load(connection, name, pool.codes)
    if not pool.unusable:
        return []
    lines = ", ".join(str(line) for line in pool.unusable[:LINES_SHOWN])
    more = " …" if len(pool.unusable) > LINES_SHOWN else ""
    return [f"`{written}` has {len(pool.unusable):,} lines that cannot be codes: {lines}{more}"]


def _maker(offer: Offer) -> Callable[[int, int], Sequence[str]] | None:
    pattern = offer.code.unique if offer.code is not None else None
    if pattern is None:
        return None
    # The pattern must have room for all that will be out, not only for those of one call.
    return lambda count, out: drawing.generate(
        pattern, count, lambda codes: (), limit=max(offer.limit or 0, out)
    )
