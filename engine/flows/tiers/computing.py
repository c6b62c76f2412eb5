"""One computing of all tiers: worked out in temporary tables, looked at, and given or forgotten again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.audience import scoring
from engine.audience.rulebook import Rulebook
from engine.audience.score_wording import reason
from engine.definitions.schema.tiers import Tiers
from engine.model.tier import Mover, Moving, TierLine, TierScore
from engine.store import tier_scores, tiers
from engine.store.tier_scores import BY_HAND, KEPT, Known, Row, Sheets

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True)
class Computing:
    """Everybody's score as of the rulebook's moment, in temporary tables of this connection.

    `order`: the tiers, best first; what is asked about tiers is answered by their places in it.
    """

    connection: Connection
    tiers: Tiers
    order: Sequence[str]
    rules: Rulebook
    sheets: Sheets
    known: Known

    @classmethod
    def begin(
        cls, connection: Connection, tiers_of: Tiers, order: Sequence[str], rules: Rulebook
    ) -> Computing:
        """Scores everybody. Only for tiers that are scored."""
        criteria, give = tiers_of.score, tiers_of.give
        assert give is not None
        sheets = Sheets.of(len(criteria))
        sheets.lay_out(connection)
        values = scoring.found_values(criteria, tiers_of.field, order, rules)
        tier_scores.fill(connection, sheets.values, values)
        known = tier_scores.known(connection, sheets)
        giving = scoring.Giving(
            rules=[(place, give.rules[tier]) for place, tier in enumerate(order) if tier in give.rules],
            otherwise=order.index(give.otherwise) if give.otherwise is not None else None,
            kept_since=_kept_since(tiers_of, rules),
        )
        judged = scoring.scored(sheets, criteria, known, giving, order, rules)
        tier_scores.fill(connection, sheets.scores, judged)
        return cls(connection, tiers_of, order, rules, sheets, known)

    def lines(self) -> tuple[list[TierLine], list[Moving], int, int]:
        """How many have each tier now and afterwards, who goes where, how many are kept, and how many by hand."""
        now: dict[int | None, int] = {}
        after: dict[int | None, int] = {}
        between: dict[tuple[int | None, int | None], int] = {}
        how = {KEPT: 0, BY_HAND: 0}
        for before, then, why, number in tier_scores.tallies(self.connection, self.sheets):
            now[before] = now.get(before, 0) + number
            after[then] = after.get(then, 0) + number
            how[why] = how.get(why, 0) + number
            if before != then:
                between[before, then] = between.get((before, then), 0) + number
        places = [*range(len(self.order)), None]
        lines = [
            TierLine(self.name(place), self.rule(place), now.get(place, 0), after.get(place, 0))
            for place in places
            if place is not None or now.get(None) or after.get(None)
        ]
        moves = [
            Moving(self.name(before), self.name(then), between[before, then])
            for then in places
            for before in places
            if (before, then) in between
        ]
        return lines, moves, how[KEPT], how[BY_HAND]

    def movers(self, limit: int | None) -> Iterator[Mover]:
        """Who gets another tier and why, the best score first; None: everybody."""
        for row in tier_scores.rows(self.connection, self.sheets, self._reason(), limit=limit):
            yield Mover(row.customer_id, row.email, self.name(row.now), self.name(row.after), row.reason)

    def score(self, customer: int) -> TierScore | None:
        """One customer's score; None where they are gone."""
        row = next(tier_scores.rows(self.connection, self.sheets, self._reason(), only=customer), None)
        if row is None:
            return None
        criteria = [
            (criterion.name, band, criterion.bands.number, criterion.weight)
            for criterion, band in zip(self.tiers.score, row.bands, strict=True)
        ]
        return TierScore(
            row.customer_id,
            row.email,
            self.name(row.now),
            self.name(row.after),
            row.points,
            row.place,
            self.known.any,
            row.reason,
            self._why(row, customer),
            criteria,
        )

    def apply(self) -> int:
        """Gives everybody the tier they will have and notes each change; how many changed.

        In this transaction or a later one: whoever got another tier in between keeps that one.
        """
        column = self.rules.columns[self.tiers.field].column
        people, now = self.rules.customers, self.rules.as_of
        done = tier_scores.apply(
            self.connection, self.sheets, people, column, self.order, self._reason(), now
        )
        tiers.forget_expired(self.connection, now)
        return done

    def name(self, place: int | None) -> str:
        """A tier by its place."""
        return "" if place is None else self.order[place]

    def rule(self, place: int | None) -> str:
        """What it takes to be in a tier, in words."""
        give = self.tiers.give
        assert give is not None
        tier = self.name(place)
        if tier in give.rules:
            return str(give.rules[tier])
        return "everybody else" if tier == (give.otherwise or "") else "nobody"

    def _why(self, row: Row, customer: int) -> str:
        given = tiers.pin_of(self.connection, customer) if row.how == BY_HAND else None
        if given is not None:
            until = f" until {_day_before(given.until, self.rules)}" if given.until is not None else ""
            return f"given by hand{until}: {given.because}"
        tier = f"{self.name(row.scored) or 'no tier'} is for {self.rule(row.scored)}"
        return (
            f"{tier}, but nobody falls for {self.tiers.keep_for} after a change" if row.how == KEPT else tier
        )

    def _reason(self) -> Any:
        return reason(self.tiers.score, self.sheets, self.known.any)


def _kept_since(tiers_of: Tiers, rules: Rulebook) -> datetime | None:
    return rules.span_start(tiers_of.keep_for) if tiers_of.keep_for is not None else None


def _day_before(until: datetime, rules: Rulebook) -> str:
    """The last day on which it holds."""
    from datetime import timedelta

    return f"{(until - timedelta(microseconds=1)).astimezone(rules.zone):%Y-%m-%d}"
