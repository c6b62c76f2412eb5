"""The quick way to escape a value for JSON gives what the thorough way gives, or fails as it fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import LetterError
from engine.model.letter import Mailbox
from engine.providers.json_wire import JsonWire, ObjectWire

PLACES = ("html", "text", "Subject", "To", "reference", "Message-ID", "List-Unsubscribe", "List-ID", "X-Note")
values = st.text(st.characters(codec=None), max_size=30) | st.text('azq019<>@."\\ é|\x85\u2028', max_size=30)


def outcome(escape: Callable[[str], bytes], value: str) -> bytes | str:
    """The bytes, or why there are none."""
    try:
        return escape(value)
    except LetterError as error:
        return error.reason


@pytest.mark.parametrize("wire", [JsonWire(), ObjectWire()], ids=["text", "object"])
@pytest.mark.parametrize("place", PLACES)
@given(value=values)
@example(value="Ana, 5 reads for you")
@example(value="zqabc0001qz")
@example(value="x zqabc0001qz")
@example(value="x" * 401)
@example(value="half \ud800")
@example(value='say "hi"')
def test_an_escaper_is_escape_for_one_place(wire: JsonWire, place: str, value: str) -> None:
    quick = wire.escaper(place)
    assert outcome(quick, value) == outcome(lambda text: wire.escape(place, text), value)


def test_a_format_that_escapes_in_its_own_way_keeps_it() -> None:
    class Shouting(JsonWire):
        def escape(self, place: str, value: str) -> bytes:
            return value.upper().encode()

    assert Shouting().escaper("Subject")("hello") == b"HELLO"
    assert ObjectWire().escaper("To")("Ana <ana@mail.example>") == ObjectWire().mailbox(
        "To", f"{Mailbox('Ana', '').name} <ana@mail.example>"
    )
