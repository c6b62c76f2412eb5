"""What becomes of an occurrence that is looked at too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import GRACE, Late, Missed, OnTime, lateness
from engine.definitions.schema.wording import read_if_late

DUE = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("if_late", "late", "expected"),
    [
        (None, timedelta(seconds=-30), OnTime()),
        (None, timedelta(0), OnTime()),
        (None, timedelta(hours=1), OnTime()),
        (None, timedelta(hours=1, seconds=1), Missed("60 minutes late; `if_late` does not let it leave any more")),
        ("skip", timedelta(minutes=59), OnTime()),
        ("skip", timedelta(days=3), Missed("3 days late; `if_late` does not let it leave any more")),
        ("send within 24 hours", timedelta(minutes=10), OnTime()),
        ("send within 24 hours", timedelta(hours=7), Late(DUE + timedelta(hours=24))),
        ("send within 24 hours", timedelta(hours=24), Late(DUE + timedelta(hours=24))),
        ("send within 24 hours", timedelta(hours=25), Missed("25 hours late; it may leave within 24 hours")),
        ("send within 10 minutes", timedelta(minutes=10), OnTime()),
        ("send within 10 minutes", timedelta(minutes=11), Missed("11 minutes late; it may leave within 10 minutes")),
        ("send within 1 month", timedelta(days=30), Late(datetime(2027, 2, 5, 9, 30, tzinfo=UTC))),
        ("send within 999999 years", timedelta(days=30), Late(datetime.max.replace(tzinfo=UTC))),
    ],
)  # fmt: skip
def test_what_becomes_of_it(if_late: str | None, late: timedelta, expected: OnTime | Late | Missed) -> None:
    rule = read_if_late(if_late) if if_late is not None else None
    assert lateness(rule, DUE, DUE + late) == expected


@given(
    if_late=st.sampled_from(
        [None, "skip", "send within 5 minutes", "send within 2 hours", "send within 3 days"]
    ),
    late=st.integers(-100, 5000),
    later=st.integers(0, 5000),
)
def test_what_is_missed_stays_missed(if_late: str | None, late: int, later: int) -> None:
    rule = read_if_late(if_late) if if_late is not None else None
    order = [OnTime, Late, Missed]
    now = lateness(rule, DUE, DUE + timedelta(minutes=late))
    then = lateness(rule, DUE, DUE + timedelta(minutes=late + later))
    assert order.index(type(now)) <= order.index(type(then))
    if isinstance(now, Late):
        assert DUE + GRACE < DUE + timedelta(minutes=late) <= now.send
