"""Every rule that concerns a letter, with its verdict for one person and what it was judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.model.contact import Touch
from engine.policy.deciding import (
    Facts,
    against_balance,
    against_cadence,
    against_cap,
    against_order,
    against_stage,
    cadence_words,
    last_marketing,
    leaves,
    matching,
    quiet_words,
    rung_of,
    stage_words,
)
from engine.policy.rules import Rules

SHOWN = 3
"""So many past letters are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule. `found`: what it was judged on; `until`: when it does not object any more, where that is known."""

    words: str
    passed: bool
    where: str
    found: str = ""
    until: datetime | None = None


def explain(rules: Rules, facts: Facts, due: datetime) -> Iterator[Finding]:
    """The rules in the order in which they decide about a letter that is due at that moment."""
    moment = leaves(rules, facts.zone, facts.project, due)
    for hold in rules.holds:
        yield Finding(hold.words, hold not in facts.held, hold.where)
    yield from _cadence(rules, facts, moment)
    yield from _stage(rules, facts, moment)
    counted = [touch for touch in facts.touches if touch.label.counts]
    yield from _caps(rules, facts, counted, moment)
    if rules.balance is not None:
        passed = next(against_balance(rules.balance, counted), None) is None
        latest = sorted(counted, key=lambda touch: touch.at, reverse=True)
        found = _named(facts, latest[: max(rules.balance.of_last - 1, rules.balance.not_in_first)])
        yield Finding(rules.balance.words, passed, rules.balance.where, found or "no letter before")
    for cap in rules.caps:
        for objection in against_order(rules, cap, counted, facts, moment):
            yield Finding(objection.words, False, objection.where)
    yield from _quiet(rules, facts, due, moment)


def _cadence(rules: Rules, facts: Facts, moment: datetime) -> Iterator[Finding]:
    if rules.cadence is None:
        return
    rhythm, where = rules.cadence.rhythm(facts.value)
    value = facts.value if facts.value in rules.cadence.rhythms else ""
    own = [touch for touch in facts.touches if touch.label.campaign == rules.label.campaign]
    last = max(own, key=lambda touch: touch.at, default=None)
    objection = next(against_cadence(rules, facts, moment), None)
    found = f"the last one left on {_local(facts, last.at)}" if last is not None else "none before"
    until = _open(rules, facts, objection.until) if objection is not None else None
    yield Finding(cadence_words(rhythm, rules.cadence.by, value), objection is None, where, found, until)


def _stage(rules: Rules, facts: Facts, moment: datetime) -> Iterator[Finding]:
    rung = rung_of(rules, facts.stage)
    if rung is None:
        return
    last, objection = last_marketing(facts), next(against_stage(rules, facts, moment), None)
    found = (
        f"{last.label.campaign} left on {_local(facts, last.at)}" if last is not None else "no letter before"
    )
    until = _open(rules, facts, objection.until) if objection is not None else None
    yield Finding(stage_words(rung), objection is None, rung.where, found, until)


def _caps(rules: Rules, facts: Facts, counted: list[Touch], moment: datetime) -> Iterator[Finding]:
    for cap in rules.caps:
        times = set(matching(cap, counted, facts.zone, moment))
        past = sorted(
            (touch for touch in counted if touch.at in times and cap.concerns(touch.label)),
            key=lambda touch: touch.at,
            reverse=True,
        )
        objection = next(against_cap(cap, counted, facts.zone, moment), None)
        until = _open(rules, facts, objection.until) if objection is not None else None
        names = _named(facts, past)
        found = f"{len(past)} so far" + (f": {names}" if names else "")
        yield Finding(cap.words, objection is None, cap.where, found, until)


def _quiet(rules: Rules, facts: Facts, due: datetime, moment: datetime) -> Iterator[Finding]:
    if rules.quiet is None:
        return
    local = due.astimezone(rules.quiet.clock(facts.zone, facts.project))
    found = f"{local:%a %H:%M} in {rules.quiet.clock(facts.zone, facts.project)}"
    if moment > due:
        words, where = quiet_words(rules, facts.zone, facts.project, due)
        yield Finding(words, False, where, found, moment)
        return
    where = rules.quiet.hours_at if rules.quiet.hours is not None else rules.quiet.days_at
    yield Finding("outside quiet hours and closed days", True, where, found)


def _open(rules: Rules, facts: Facts, until: datetime | None) -> datetime | None:
    return None if until is None else leaves(rules, facts.zone, facts.project, until)


def _named(facts: Facts, past: list[Touch]) -> str:
    names = [f"{touch.label.campaign} on {_local(facts, touch.at)}" for touch in past[:SHOWN]]
    return ", ".join([*names, *(["…"] if past[SHOWN:] else [])])


def _local(facts: Facts, moment: datetime) -> str:
    return f"{moment.astimezone(facts.zone):%Y-%m-%d}"
