"""When an offer ends, and what a template sees of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from engine.content.offers import OfferTerms, expiry, for_template, is_over
from engine.model.duration import Duration, Unit

LONDON = ZoneInfo("Europe/London")
SENT = datetime(2027, 3, 20, 9, 30, tzinfo=UTC)


def test_a_code_is_valid_from_the_moment_its_letter_was_sent() -> None:
    offer = OfferTerms("spring", "15% off", valid_for=Duration(14, Unit.DAY))
    # The clocks go forward on 28 March: still half past nine in London.
    assert expiry(offer, SENT, LONDON) == datetime(2027, 4, 3, 8, 30, tzinfo=UTC)


def test_the_last_day_counts_to_its_midnight_and_the_earlier_end_wins() -> None:
    offer = OfferTerms("spring", "15% off", valid_for=Duration(14, Unit.DAY), until=date(2027, 3, 31))
    assert expiry(offer, SENT, LONDON) == datetime(2027, 3, 31, 23, 0, tzinfo=UTC)
    assert not is_over(offer, datetime(2027, 3, 31, 22, 59, tzinfo=UTC), LONDON)
    assert is_over(offer, datetime(2027, 3, 31, 23, 0, tzinfo=UTC), LONDON)


def test_an_offer_without_an_end_has_none() -> None:
    offer = OfferTerms("thanks", "A coffee on us")
    assert expiry(offer, SENT, LONDON) is None
    assert not is_over(offer, SENT, LONDON)


def test_own_fields_stand_beside_the_four_names_and_never_hide_them() -> None:
    offer = OfferTerms("spring", "15% off", terms="Once.", fields={"shop": "London", "code": "not this"})
    assert for_template(offer, "BACK-2345", SENT) == {
        "title": "15% off",
        "terms": "Once.",
        "code": "BACK-2345",
        "expires": SENT,
        "shop": "London",
    }
