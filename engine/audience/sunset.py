"""Sunset in SQL: everybody's signs of life, letters since, and the stage that follows.

The same steps stand in engine.policy.sunset for one person; the tests hold the two against each other.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
)

from engine.audience.owning import Owning, has_no_owner, owner_of
from engine.audience.past import left_at
from engine.audience.rulebook import Rulebook
from engine.audience.stages import last_signs, since_then, standing_stages
from engine.model.stage import Stage
from engine.model.words import Purpose, State
from engine.policy.sunset import TIME_TO_ANSWER, Ladder
from engine.store import tables
from engine.store.types import to_microseconds

DAY = 86_400_000_000
RECEIVED = (State.ACCEPTED, State.DELIVERED)
"""Letters that came back, or of which nobody knows, are no letters that somebody left unanswered."""


def found_stages(rules: Rulebook, ladder: Ladder, owning: Owning | None) -> Select[Any]:
    """Everybody who is not engaged, or was not: `customer`, `heard`, `first`, `letters`, `asked` (all as in
    engine.policy.sunset.Silence, in microseconds), `owner` (their own person; "" where nobody is named) and `stage`.
    """
    people, kept = rules.customers, tables.stages
    heard, letters = last_signs(rules, ladder), _letters(rules, ladder)
    owner = owner_of(people, owning, rules)
    nobody = has_no_owner(people, owning, rules) if owning is not None else literal(True)
    stage = stage_case(ladder, letters, not_(nobody), to_microseconds(rules.as_of))
    source: Any = people.outerjoin(letters, letters.c.customer == people.c.id)
    source = source.outerjoin(heard, heard.c.customer == people.c.id)
    source = source.outerjoin(kept, kept.c.customer == people.c.id)
    return (
        select(
            people.c.id.label("customer"),
            heard.c.at.label("heard"),
            letters.c.first,
            func.coalesce(letters.c.letters, 0).label("letters"),
            letters.c.asked,
            case((nobody, ""), else_=owner).label("owner"),
            stage.label("stage"),
        )
        .select_from(source)
        .where(or_(stage != str(Stage.ENGAGED), kept.c.customer.is_not(None)))
    )


def returning(rules: Rulebook, ladder: Ladder) -> Select[Any]:
    """The same for those alone who gave a sign of life since their stage was worked out: engaged again."""
    kept, heard = tables.stages, last_signs(rules, ladder)
    nothing = cast(null(), BigInteger)
    return (
        select(
            kept.c.customer,
            heard.c.at.label("heard"),
            nothing.label("first"),
            literal(0).label("letters"),
            nothing.label("asked"),
            literal("").label("owner"),
            literal(str(Stage.ENGAGED)).label("stage"),
        )
        .join_from(kept, heard, heard.c.customer == kept.c.customer)
        .where(since_then(kept, rules, ladder))
    )


def to_ask(rules: Rulebook, ladder: Ladder) -> Select[tuple[int]]:
    """Customers who are to get the last ask: in that stage, and it has not left, or may not have, since silence began."""
    stage, delivery, run = standing_stages(rules, ladder, "asking"), tables.deliveries, tables.runs
    kept = tables.stages.alias()
    out = (State.SKIPPED, State.FAILED, State.CANCELLED, State.EXPIRED, State.HELD_OUT, State.BOUNCED)
    asked = (
        select(delivery.c.id)
        .join_from(delivery, run, run.c.id == delivery.c.run)
        .where(
            delivery.c.customer == stage.c.customer,
            run.c.campaign == ladder.campaign,
            delivery.c.state.not_in(out),
            or_(delivery.c.submitted_at.is_(None), delivery.c.submitted_at > kept.c.silent_since),
        )
    )
    return (
        select(stage.c.customer)
        .join_from(stage, kept, kept.c.customer == stage.c.customer)
        .where(stage.c.stage == str(Stage.LAST_ASK), not_(exists(asked)))
    )


def stage_case(
    ladder: Ladder, letters: Subquery, owned: ColumnElement[bool], moment: int
) -> ColumnElement[Any]:
    """The stage of each row of `letters` (see engine.policy.sunset.stage_of), at a moment in microseconds."""
    rungs, first, last = ladder.rungs, letters.c.first, letters.c.last

    def reached(stage: Stage) -> ColumnElement[bool]:
        return last - first >= rungs[stage].days * DAY if stage in rungs else false()

    too_few = or_(last.is_(None), letters.c.letters < ladder.letters)
    whens: list[tuple[ColumnElement[bool], str]] = [(func.coalesce(too_few, literal(True)), Stage.ENGAGED)]
    if Stage.DORMANT in rungs:
        at = _dormant_at(ladder, letters, reached)
        if Stage.SUPPRESSED in rungs:
            written = first + rungs[Stage.SUPPRESSED].days * DAY
            over = and_(written <= moment, at + ladder.last_gap * DAY <= moment, last > at)
            whens.append((and_(not_(owned), at <= moment, over), Stage.SUPPRESSED))
        whens.append((at <= moment, Stage.DORMANT))
    else:
        whens.append((and_(not_(owned), reached(Stage.SUPPRESSED)), Stage.SUPPRESSED))
    whens += [(reached(Stage.LAST_ASK), Stage.LAST_ASK), (reached(Stage.COOLING), Stage.COOLING)]
    return case(*((when, str(stage)) for when, stage in whens), else_=str(Stage.ENGAGED))


def _dormant_at(ladder: Ladder, letters: Subquery, reached: Any) -> ColumnElement[Any]:
    """From when on somebody is dormant; NULL where they are not yet on their way."""
    at = letters.c.first + ladder.rungs[Stage.DORMANT].days * DAY
    if Stage.LAST_ASK not in ladder.rungs:
        return case((reached(Stage.DORMANT), at))
    after_asking = letters.c.asked + ladder.gap * DAY
    later = case((after_asking > at, after_asking), else_=at)
    return case((and_(letters.c.asked.is_not(None), reached(Stage.LAST_ASK)), later))


def _letters(rules: Rulebook, ladder: Ladder) -> Subquery:
    """Marketing letters that each customer received since their last sign of life."""
    delivery, run, heard = tables.deliveries.alias(), tables.runs.alias(), last_signs(rules, ladder)
    at, now = left_at(delivery), rules.as_of
    answerable = at <= to_microseconds(now - TIME_TO_ANSWER)
    return (
        select(
            delivery.c.customer,
            func.min(at).label("first"),
            func.max(case((answerable, at))).label("last"),
            func.sum(case((answerable, 1), else_=0)).label("letters"),
            func.max(case((run.c.campaign == ladder.campaign, at))).label("asked"),
        )
        .select_from(
            delivery.join(run, run.c.id == delivery.c.run).outerjoin(
                heard, heard.c.customer == delivery.c.customer
            )
        )
        .where(
            run.c.purpose == str(Purpose.MARKETING),
            delivery.c.state.in_(RECEIVED),
            delivery.c.submitted_at <= now,
            at > func.coalesce(heard.c.at, literal(-(2**62), BigInteger)),
        )
        .group_by(delivery.c.customer)
        .subquery("unanswered")
    )
