"""The rules for one person: a table of facts, and what is decided about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.definitions.schema.wording import Weekday
from engine.model.contact import Label, Touch
from engine.model.duration import Duration, Unit
from engine.policy.deciding import Decision, Facts, Verdict, decide
from engine.policy.quiet import Hours, Quiet
from engine.policy.rules import Balance, ByPeople, Cadence, Cap, Hold, Rules

LONDON = ZoneInfo("Europe/London")
TUESDAY = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
WEEK, DAY, MONTH = Duration(7, Unit.DAY), Duration(1, Unit.DAY), Duration(1, Unit.MONTH)
DIGEST = Label("digest", intent="give", topic="newsletter")
SALE = Label("sale", intent="sell", topic="offers", tags=("loud",))
NOTICE = Label("notice", purpose="service", counts=False)
NIGHT = Quiet(Hours(time(20), time(8)), hours_at="policy.yaml:6", days_at="policy.yaml:7")


def sent(*days: str, label: Label = DIGEST) -> list[Touch]:
    return [Touch(at(day), label) for day in days]


def at(day: str) -> datetime:
    return datetime.fromisoformat(day if "T" in day else f"{day}T09:30").replace(tzinfo=UTC)


def decided(rules: dict[str, Any], *touches: Touch, due: datetime = TUESDAY, **facts: Any) -> Decision:
    label = rules.pop("label", DIGEST)
    facts = {"zone": LONDON, "project": LONDON, "touches": touches, **facts}
    return decide(Rules(label, **rules), Facts(**facts), due)


def short(decision: Decision) -> str:
    """`go`, or like `skip cap 2027-01-06T00:00`."""
    until = f"{decision.until:%Y-%m-%dT%H:%M}" if decision.until is not None else ""
    return " ".join(filter(None, (decision.verdict, decision.reason or "", until)))


@pytest.mark.parametrize(
    ("cap", "touches", "answer"),
    [
        (Cap(1, WEEK), [], "go"),
        (Cap(1, WEEK), sent("2026-12-30"), "skip cap 2027-01-06T00:00"),
        # A letter of last Tuesday, a few seconds later on the clock, leaves this Tuesday free.
        (Cap(1, WEEK), sent("2026-12-29T09:30:09"), "go"),
        (Cap(2, WEEK), sent("2026-12-30"), "go"),
        (Cap(2, WEEK), sent("2027-01-04", "2026-12-30", "2027-01-02"), "skip cap 2027-01-09T00:00"),
        (Cap(0, WEEK), [], "skip cap"),
        (Cap(1, WEEK), sent("2027-01-04", label=NOTICE), "go"),
        (Cap(1, WEEK), sent("2027-01-04", label=replace(NOTICE, counts=True)), "skip cap 2027-01-11T00:00"),
        (Cap(1, WEEK, purpose="marketing"), sent("2027-01-04", label=replace(NOTICE, counts=True)), "go"),
        (Cap(1, WEEK, intent="sell"), sent("2027-01-04"), "go"),
        (Cap(1, WEEK, intent="sell"), sent("2027-01-04", label=SALE), "skip cap 2027-01-11T00:00"),
        (Cap(1, WEEK, topic="newsletter"), sent("2027-01-04", label=SALE), "go"),
        (Cap(1, WEEK, tag="loud"), sent("2027-01-04", label=SALE), "skip cap 2027-01-11T00:00"),
        (Cap(1, WEEK, tag="quiet"), sent("2027-01-04", label=SALE), "go"),
        (Cap(1, MONTH), sent("2026-12-06"), "skip cap 2027-01-06T00:00"),
        (Cap(1, MONTH), sent("2026-12-05"), "go"),
        (Cap(1, MONTH, calendar=True), sent("2026-12-31"), "go"),
        (Cap(1, MONTH, calendar=True), sent("2027-01-01"), "skip cap 2027-02-01T00:00"),
        (Cap(1, Duration(24, Unit.HOUR)), sent("2027-01-04T09:30:01"), "skip cap 2027-01-05T09:30"),
        (Cap(1, Duration(24, Unit.HOUR)), sent("2027-01-04T09:30:00"), "go"),
    ],
)
def test_caps(cap: Cap, touches: list[Touch], answer: str) -> None:
    assert short(decided({"caps": (cap,)}, *touches)) == answer


CALLS = ByPeople(("call",), "service", "inform")


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        ({"caps": (Cap(1, WEEK),)}, "skip cap 2027-01-11T00:00"),
        ({"caps": (Cap(1, WEEK, purpose="marketing"),)}, "go"),
        ({"caps": (Cap(1, WEEK, intent="inform"),)}, "skip cap 2027-01-11T00:00"),
        # Two calls are two touches that did not sell.
        ({"label": SALE, "balance": Balance("sell", 1, 3, not_in_first=2)}, "go"),
        ({"cadence": Cadence("tier", {}, MONTH)}, "go"),
    ],
)
def test_a_call_counts_as_the_letter_it_is_said_to_be(rules: dict[str, Any], answer: str) -> None:
    calls = sent("2027-01-04", "2026-12-20", label=CALLS.label("call"))
    assert short(decided({**rules, "people": CALLS}, *calls)) == answer


def test_a_day_ends_at_the_persons_own_midnight() -> None:
    # 11:30 UTC on Monday is already Tuesday in Auckland.
    touch = sent("2027-01-04T11:30")
    assert short(decided({"caps": (Cap(1, DAY),)}, *touch)) == "go"
    auckland = decided({"caps": (Cap(1, DAY),)}, *touch, zone=ZoneInfo("Pacific/Auckland"))
    assert short(auckland) == "skip cap 2027-01-05T11:00"


CADENCE = Cadence("tier", {"gold": MONTH, "daily": DAY}, Duration(3, Unit.MONTH), {"gold": "d.yaml:9"})


@pytest.mark.parametrize(
    ("value", "touches", "answer"),
    [
        ("gold", [], "go"),
        ("gold", sent("2026-12-01"), "go"),
        ("gold", sent("2027-01-04"), "skip cadence 2027-02-01T00:00"),
        ("gold", sent("2027-01-04", label=SALE), "go"),
        ("daily", sent("2027-01-04T23:00"), "go"),
        ("silver", sent("2026-12-01"), "skip cadence 2027-03-01T00:00"),
        ("", sent("2026-10-31"), "go"),
    ],
)
def test_cadence_by_tier(value: str, touches: list[Touch], answer: str) -> None:
    assert short(decided({"cadence": CADENCE}, *touches, value=value)) == answer


SELL = Balance("sell", 1, 3, not_in_first=2)


@pytest.mark.parametrize(
    ("touches", "answer"),
    [
        ([], "skip balance"),
        (sent("2026-12-01"), "skip balance"),
        (sent("2026-12-01", "2026-11-01"), "go"),
        ([*sent("2026-12-01", label=SALE), *sent("2026-12-02")], "skip balance"),
        ([*sent("2026-12-01", label=SALE), *sent("2026-12-02", "2026-12-03")], "go"),
        ([*sent("2026-12-05", label=SALE), *sent("2026-12-02", "2026-12-03", "2026-12-04")], "skip balance"),
        # At one moment the letter that sells is taken for the later one.
        ([*sent("2026-12-02", label=SALE), *sent("2026-12-02", "2026-12-03")], "skip balance"),
        ([*sent("2026-12-01", label=SALE), *sent("2026-12-02", "2026-12-03", label=NOTICE)], "skip balance"),
    ],
)
def test_balance(touches: list[Touch], answer: str) -> None:
    assert short(decided({"label": SALE, "balance": SELL}, *touches)) == answer


def test_a_campaign_further_up_goes_first_where_there_is_room_for_one() -> None:
    rules = {"caps": (Cap(2, WEEK), Cap(1, WEEK, topic="newsletter")), "ahead_at": "policy.yaml:12"}
    assert short(decided(dict(rules), waiting=[SALE])) == "go"
    assert short(decided(dict(rules), *sent("2027-01-03", label=SALE), waiting=[SALE])) == "skip order"
    assert short(decided(dict(rules), waiting=[replace(DIGEST, campaign="news")])) == "skip order"
    assert short(decided(dict(rules), *sent("2027-01-03"), waiting=[SALE])) == "skip cap 2027-01-10T00:00"
    assert decided(dict(rules), waiting=[SALE, SALE]).where == "policy.yaml:12"


def test_a_hold_comes_first_and_says_where_it_is_written() -> None:
    hold = Hold("open-complaint", "policy.yaml:9", "no marketing for open-complaint now")
    found = decided({"caps": (Cap(0, WEEK),)}, held=[hold])
    assert (short(found), found.detail) == ("skip hold", "policy.yaml:9: no marketing for open-complaint now")


@pytest.mark.parametrize(
    ("due", "answer"),
    [
        ("2027-01-05T19:59", "go"),
        ("2027-01-05T20:00", "wait quiet_hours 2027-01-06T08:00"),
        ("2027-01-10T12:00", "wait quiet_hours 2027-01-11T08:00"),
    ],
)
def test_a_letter_waits_for_the_end_of_quiet_hours(due: str, answer: str) -> None:
    quiet = replace(NIGHT, not_on=(Weekday.SUNDAY,))
    found = decided({"quiet": quiet}, due=at(due))
    assert short(found) == answer
    assert found.where == {"go": "", "wait quiet_hours 2027-01-11T08:00": "policy.yaml:7"}.get(
        answer, "policy.yaml:6"
    )


def test_rules_are_asked_at_the_moment_at_which_the_letter_would_leave() -> None:
    today = sent("2027-01-05T10:00")
    rules = {"caps": (Cap(1, DAY),), "quiet": NIGHT}
    assert short(decided(dict(rules), *today, due=at("2027-01-05T19:00"))) == "skip cap 2027-01-06T08:00"
    assert (
        short(decided(dict(rules), *today, due=at("2027-01-05T21:00"))) == "wait quiet_hours 2027-01-06T08:00"
    )


@pytest.mark.parametrize(("patience", "verdict"), [(None, "skip"), (DAY, "skip"), (WEEK, "wait")])
def test_a_patient_letter_waits_for_room(patience: Duration | None, verdict: str) -> None:
    rules = {"caps": (Cap(1, WEEK),), "quiet": NIGHT, "patience": patience}
    assert short(decided(rules, *sent("2027-01-04"))) == f"{verdict} cap 2027-01-11T08:00"


def test_patience_is_counted_from_when_the_letter_was_planned() -> None:
    rules = Rules(DIGEST, caps=(Cap(1, WEEK),), patience=Duration(3, Unit.DAY))
    facts = Facts(LONDON, LONDON, sent("2026-12-31"))
    assert short(decide(rules, facts, TUESDAY)) == "wait cap 2027-01-07T00:00"
    assert short(decide(rules, facts, TUESDAY, at("2027-01-03"))) == "skip cap 2027-01-07T00:00"


def test_nobody_waits_for_a_cap_whom_another_rule_lets_have_nothing() -> None:
    rules = Rules(SALE, caps=(Cap(1, WEEK),), balance=SELL, patience=WEEK)
    assert short(decide(rules, Facts(LONDON, LONDON, sent("2027-01-04")), TUESDAY)) == "skip balance"


def test_no_rules_no_objection() -> None:
    assert decided({}, *sent("2027-01-05")) == Decision(Verdict.GO)
    assert not Rules(DIGEST).any
