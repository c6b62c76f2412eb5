"""What providers tell, read without trust."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import WebhookRefused
from engine.model.heard import Post
from engine.providers.reading import entries, entry_of, identity, moment, text

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1461095250, datetime(2016, 4, 19, 19, 47, 30, tzinfo=UTC)),
        ("1461095250", datetime(2016, 4, 19, 19, 47, 30, tzinfo=UTC)),
        (1461095250.5, datetime(2016, 4, 19, 19, 47, 30, 500000, tzinfo=UTC)),
        (1685543827372, datetime(2023, 5, 31, 14, 37, 7, 372000, tzinfo=UTC)),
        ("2016-04-27T16:28:50.3963933-04:00", datetime(2016, 4, 27, 20, 28, 50, 396393, tzinfo=UTC)),
        ("2024-01-01T12:00:00.000000Z", datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("2011-10-08 12:32:14", datetime(2011, 10, 8, 12, 32, 14, tzinfo=UTC)),
    ],
)
def test_moments_as_providers_write_them(written: object, expected: datetime) -> None:
    assert moment(written, NOW) == expected


@pytest.mark.parametrize(
    "written", [None, "", "soon", {}, True, "2999-01-01T00:00:00Z", 1e300, float("nan"), "nan", -1e300]
)
def test_a_moment_that_cannot_be_or_has_not_come_is_now(written: object) -> None:
    found = moment(written, NOW)
    assert found <= NOW
    assert found.tzinfo is not None


def test_texts_are_texts_whatever_was_written() -> None:
    entry = {"a": {"b": " x\x00y "}, "n": 250, "t": True, "l": ["x"], "long": "x" * 5000}
    assert text(entry, "a", "b") == "xy"
    assert text(entry, "n") == "250"
    assert [
        text(entry, *path) for path in (("t",), ("l",), ("a",), ("a", "b", "c"), ("none", "at", "all"))
    ] == [""] * 5
    assert len(text(entry, "long")) == 500


def test_a_call_holds_one_event_or_many() -> None:
    assert entries(Post(b'{"a":1}')) == [{"a": 1}]
    assert entries(Post(b'[{"a":1},{"a":2}]')) == [{"a": 1}, {"a": 2}]
    assert entries(Post(b"[]")) == []
    assert entry_of(Post(b'{"a":1}')) == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"", b"payload", b"1", b'"x"', b"[1]", b"[{},null]", b"\xff", b"{", b"null"]
)
def test_what_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as raised:
        entries(Post(body))
    assert raised.value.status == 400


def test_two_events_where_there_should_be_one_are_unreadable() -> None:
    with pytest.raises(WebhookRefused):
        entry_of(Post(b"[{},{}]"))


@given(st.dictionaries(st.text(), ANYTHING, min_size=1))
def test_the_same_news_has_the_same_identity_whatever_the_order_of_its_keys(entry: dict) -> None:
    turned = json.loads(json.dumps(dict(reversed(entry.items()))))
    assert identity(turned) == identity(json.loads(json.dumps(entry)))
    assert identity({**entry, "another": "key"}) != identity({**entry, "another": "thing"})
