"""What an answer's status means, and how long it asks us to wait."""

from __future__ import annotations

import pytest

from engine.errors import AccountFault, BatchRefused, NotSent, Unknown
from engine.network.lane import Answer
from engine.providers.answers import pause_until, refusal, wanted_pause


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(429, NotSent)]
    + [(status, AccountFault) for status in (301, 302, 401, 402, 403, 404, 405, 406, 415)]
    + [(status, BatchRefused) for status in (400, 413, 422)]
    + [(status, Unknown) for status in (409, 418, 500, 502, 503, 504, 529)],
)
def test_each_status_has_one_meaning(status: int, meaning: type) -> None:
    error = refusal("Post", Answer(status, {}, b""), "its words")
    assert type(error) is meaning
    assert "its words" in error.message
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("-1", 0.0),
        ("999999", 3600.0),
        ("inf", 3600.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Mon, 23 Nov 2026 10:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2026 10:02:00", 120.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
    ],
)
def test_a_wish_to_wait_is_kept_within_reason(
    wish: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHBASE_NOW", "2026-11-23T10:00:00+00:00")
    answer = Answer(429, {"retry-after": wish}, b"")
    assert wanted_pause(answer) == seconds
    error = refusal("Post", answer)
    assert isinstance(error, NotSent)
    assert error.retry_after == seconds
    assert wanted_pause(Answer(429, {}, b"")) is None


def test_a_date_that_is_none_is_no_wish() -> None:
    assert pause_until("in a while") is None
