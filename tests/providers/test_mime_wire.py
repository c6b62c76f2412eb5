"""Letters as MIME: whatever is written comes back from an email parser, and filling is the same as writing."""

from __future__ import annotations

import json
import quopri
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import LetterError
from engine.model.letter import Mailbox
from engine.providers.base import Wire
from engine.providers.mailboxes import (
    SIMPLE,
    header_mailbox,
    is_simple,
    mailbox_value,
    read_mailbox,
    unicode_mailbox,
)
from engine.providers.mime_wire import MimeWire
from engine.providers.postmark import PostmarkWire
from engine.providers.quoted_printable import encode_body, encode_value
from tests.corpus import corpus_path
from tests.providers.letters import (
    LETTER,
    UNSUBSCRIBE,
    fill,
    letter,
    long_lines,
    parsed,
    read_message,
    unix,
)

WIRE = MimeWire()
TOKEN = "zq0001qzc0ffeeqz"
BODY = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
LONG = st.builds(lambda text, times: text * times, BODY, st.integers(1, 20))
HEADER_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Zl", "Zp"],
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
    min_size=1,
    max_size=200,
)
NAME = HEADER_TEXT.filter(lambda text: text.strip() == text and "  " not in text)


def decoded(encoded: bytes) -> str:
    """Quoted-printable as the standard library reads it."""
    return quopri.decodestring(encoded).decode()


@given(LONG)
@example(" ")
@example("\t\n")
@example("a \nb\t\n\n")
@example("From me\nFrom you")
@example(".\n..\n")
@example("=" * 200)
@example("é" * 100)
@example("\r")
def test_a_body_comes_back_and_no_line_is_long(text: str) -> None:
    encoded = encode_body(text)
    assert unix(decoded(encoded)) == unix(text)
    assert encoded.isascii()
    assert long_lines(encoded, 76) == []
    assert not re.search(rb"(?m)^(\.|From )|[ \t]$|(?<!\r)\n|\r(?!\n)", encoded)


@given(LONG, LONG, LONG)
def test_filling_a_body_is_the_same_as_having_written_it(before: str, value: str, after: str) -> None:
    marked = encode_body(f"{before}{TOKEN}{after}")
    filled = fill(marked, {TOKEN: encode_value(value)})
    # A value that ends in half a line end would join with what follows it, in any encoding.
    if not value.endswith("\r") and not before.endswith("\r"):
        assert unix(decoded(filled)) == unix(before + value + after)
    assert long_lines(filled, 76) == []
    assert filled.isascii()


@given(st.lists(st.sampled_from(["zq0001qz", "zq0002qzabcqz", "zqap12345678qz0123456789qz", " ", "x", "\n"])))
def test_every_token_stays_in_one_piece(pieces: list[str]) -> None:
    encoded = encode_body("".join(pieces))
    for token in set(pieces) - {" ", "x", "\n"}:
        assert encoded.count(token.encode()) >= pieces.count(token)


@given(LONG.filter(bool), LONG.filter(bool), HEADER_TEXT, NAME, NAME)
def test_a_letter_comes_back_from_an_email_parser(
    html: str, text: str, subject: str, name: str, sender: str
) -> None:
    written = letter(
        html=html,
        text=text,
        subject=subject,
        to=Mailbox(name, "a@b.example"),
        sender=Mailbox(sender, "c@d.example"),
    )
    raw = WIRE.encode(written)
    got = read_message(raw)
    assert unix(got.html) == unix(html)
    assert unix(got.text) == unix(text)
    assert got.subject == subject
    assert got.to == (name, "a@b.example")
    assert got.sender == (sender, "c@d.example")
    assert_clean(raw)


def assert_clean(raw: bytes) -> None:
    """Only ASCII, only CRLF, no long line but the machine headers', no encoded word in an address or URI."""
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw)
    assert all(line.startswith(b"List-Unsubscribe: <") for line in long_lines(raw, 78))
    assert long_lines(raw, 998) == []
    for word in re.findall(rb"=\?[^?\s]+\?[^?\s]\?[^?\s]*\?=", raw.partition(b"\r\n\r\n")[0]):
        assert len(word) <= 75


@given(HEADER_TEXT)
def test_filling_a_header_is_the_same_as_having_written_it(value: str) -> None:
    for place, marked, written in (
        ("Subject", letter(subject=TOKEN), letter(subject=value)),
        ("X-Note", letter(headers=(("X-Note", TOKEN),)), letter(headers=(("X-Note", value),))),
        ("To", letter(to=Mailbox("", TOKEN)), letter(to=Mailbox(value.strip(), "a@b.example"))),
    ):
        text = mailbox_value(written.to) if place == "To" else value
        for wire in (WIRE, PostmarkWire("broadcast")):
            assert fill(wire.encode(marked), {TOKEN: wire.escape(place, text)}) == wire.encode(written)


@given(LONG)
def test_filling_json_is_the_same_as_having_written_it(value: str) -> None:
    wire = PostmarkWire("broadcast")
    marked, written = letter(html=f"<p>{TOKEN}</p>"), letter(html=f"<p>{value}</p>")
    assert fill(wire.encode(marked), {TOKEN: wire.escape("html", value)}) == wire.encode(written)


@given(NAME)
def test_a_mailbox_survives_as_text(name: str) -> None:
    assert read_mailbox(mailbox_value(Mailbox(name, "a@b.example"))) == Mailbox(name, "a@b.example")


@given(st.from_regex(SIMPLE, fullmatch=True))
def test_the_short_way_for_a_simple_mailbox_ends_where_the_long_one_does(value: str) -> None:
    if is_simple(value):
        mailbox = read_mailbox(value)
        assert header_mailbox("Reply-To", mailbox) == value.encode()
        assert unicode_mailbox("Reply-To", mailbox) == value


def test_list_headers_are_one_plain_line_in_the_bytes_really_sent() -> None:
    raw = WIRE.encode(LETTER)
    assert f"\r\nList-Unsubscribe: {UNSUBSCRIBE}\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"\r\nList-ID: Monthly reading list <monthly.news.acme.example>\r\n" in raw
    assert b"\r\nMessage-ID: <delivery-1@news.acme.example>\r\n" in raw


def test_a_machine_header_too_long_for_a_line_breaks_only_after_a_comma() -> None:
    address = "<https://x.example/" + "k" * 600 + ">"
    raw = WIRE.encode(letter(headers=(("List-Unsubscribe", f"{address}, {address}"),)))
    assert f"List-Unsubscribe: {address},\r\n {address}\r\n".encode() in raw
    with pytest.raises(LetterError, match="998"):
        WIRE.escape("List-Unsubscribe", "<https://x.example/" + "k" * 1000 + ">")


def test_a_machine_header_outside_ascii_is_refused_rather_than_encoded() -> None:
    with pytest.raises(LetterError, match="percent-encode") as raised:
        WIRE.escape("List-Unsubscribe", "<https://bücher.example/u>")
    assert raised.value.reason == "unsafe_header"


def test_a_list_id_may_have_a_description_in_any_language() -> None:
    raw = WIRE.encode(letter(headers=(("List-ID", "Büchernachrichten <monthly.acme.example>"),)))
    assert parsed(raw)["List-ID"] == "Büchernachrichten <monthly.acme.example>"
    assert b" <monthly.acme.example>\r\n" in raw


def test_a_token_may_stand_inside_a_machine_header_but_not_inside_a_subject() -> None:
    written = letter(headers=(("List-Unsubscribe", f"<https://x.example/u/{TOKEN}>"),))
    for wire in (WIRE, PostmarkWire("broadcast")):
        assert f"<https://x.example/u/{TOKEN}>".encode() in wire.encode(written)
        with pytest.raises(LetterError, match="mixes a personal value"):
            wire.encode(letter(subject=f"Hello {TOKEN}"))
        with pytest.raises(LetterError, match="whole address"):
            wire.encode(letter(to=Mailbox("Anna", TOKEN)))


def test_direction_overrides_are_taken_out_of_names_and_subjects() -> None:
    raw = WIRE.encode(letter(subject="abc\u202edef", to=Mailbox("evil\u2066name", "a@b.example")))
    assert read_message(raw).subject == "abcdef"
    assert read_message(raw).to[0] == "evilname"


def test_the_same_letter_is_the_same_bytes() -> None:
    assert WIRE.encode(LETTER) == WIRE.encode(LETTER)


def test_a_letter_with_one_body_has_no_multipart() -> None:
    message = parsed(WIRE.encode(letter(html="")))
    assert message.get_content_type() == "text/plain"


@pytest.mark.parametrize("wire", [WIRE, PostmarkWire("broadcast")], ids=["mime", "json"])
@pytest.mark.parametrize("field", ["html", "text", "subject"])
def test_half_a_character_is_an_error_of_this_letter(wire: Wire, field: str) -> None:
    with pytest.raises(LetterError):
        wire.encode(letter(**{field: "a\ud800b"}))


@pytest.mark.corpus
def test_naughty_strings_arrive_or_are_refused_by_name() -> None:
    reasons = [
        naughty_fate(line) for line in json.loads(corpus_path("addresses", "blns.json").read_text("utf-8"))
    ]
    assert set(reasons) <= {"", "unsafe_header"}
    assert reasons.count("") > 400


def naughty_fate(text: str) -> str:
    """Why a letter with this text everywhere cannot be written; "" when it can, and comes back whole."""
    try:
        raw = WIRE.encode(letter(subject=text, html=f"<p>{text}</p>", to=Mailbox(text, "a@b.example")))
    except LetterError as error:
        return error.reason
    assert_clean(raw)
    assert unix(read_message(raw).html) == f"<p>{unix(text)}</p>"
    return ""
