"""When an offer ends."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from engine.content.offers import expiry, is_over
from engine.model.duration import Duration, Unit

LONDON = ZoneInfo("Europe/London")
SENT = datetime(2027, 3, 20, 9, 30, tzinfo=UTC)
TWO_WEEKS = Duration(14, Unit.DAY)
LAST_DAY = date(2027, 3, 31)


def test_a_code_is_valid_from_the_moment_its_letter_was_sent() -> None:
    # The clocks go forward on 28 March: still half past nine in London.
    assert expiry(TWO_WEEKS, None, SENT, LONDON) == datetime(2027, 4, 3, 8, 30, tzinfo=UTC)


def test_the_last_day_counts_to_its_midnight_and_the_earlier_end_wins() -> None:
    assert expiry(TWO_WEEKS, LAST_DAY, SENT, LONDON) == datetime(2027, 3, 31, 23, 0, tzinfo=UTC)
    assert expiry(TWO_WEEKS, date(2027, 12, 31), SENT, LONDON) == datetime(2027, 4, 3, 8, 30, tzinfo=UTC)
    assert not is_over(LAST_DAY, datetime(2027, 3, 31, 22, 59, tzinfo=UTC), LONDON)
    assert is_over(LAST_DAY, datetime(2027, 3, 31, 23, 0, tzinfo=UTC), LONDON)


def test_an_offer_without_an_end_has_none() -> None:
    assert expiry(None, None, SENT, LONDON) is None
    assert not is_over(None, SENT, LONDON)
