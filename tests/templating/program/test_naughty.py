"""The big list of naughty strings as names, subjects and attributes, through whole letters and back from their bytes."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from jinja2 import DictLoader
from lxml import etree

from engine.errors import LetterError
from engine.model.letter import Batch, Mailbox
from engine.templating.compile import compile_letter
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler
from engine.templating.filler.values import UNSAFE_IN_HEADER, clean
from engine.templating.specialise import Personal
from tests.corpus import corpus_path
from tests.templating.program.building import JSON, MIME, SYSTEM, read_json

pytestmark = pytest.mark.corpus

HTML = """<!DOCTYPE html><html><head><style>p { color: red }</style></head><body>
<p title="{{ customer.name }}">{{ customer.name }}</p><a href="https://x.example/?q={{ customer.name | urlencode }}">x</a>
{% if customer.name == "x" %}<p>never</p>{% endif %}<img src="a.png" alt='{{ customer.name | upper }}'></body></html>"""
BIDIRECTIONAL = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Marks that could turn a header's reading direction: wires leave them out."""


def made(wire: Any) -> Filler:
    environment = make_environment(None, loader=DictLoader({"letter.html": HTML}))
    compiled = compile_letter(
        environment,
        template="letter.html",
        subject="Dear {{ customer.name }}",
        context={"customer": {"name": Personal("customer.name")}},
        sender=Mailbox("Acme", "hello@acme.example"),
        headers=(("List-ID", "News <news.acme.example>"), ("X-Name", "{{ customer.name }}")),
        campaign="c",
        message_id_domain="acme.example",
        date="Tue, 05 Jan 2027 09:30:00 +0000",
    )
    assert compiled.program.whole is None
    return Filler(compiled.program, wire, environment)


def written(filler: Filler, text: str) -> bytes | None:
    """The message for somebody of that name, or None where it may not be written."""
    named = {**SYSTEM, "to.name": text, "customer.name": text}
    batch = Batch()
    try:
        filler.append(batch, filler.slots([named[name] for name in filler.inputs]))
    except LetterError as error:
        assert error.reason == "unsafe_header"
        assert UNSAFE_IN_HEADER.search(text)
        return None
    (message,) = batch.messages()
    return bytes(message)


def naughty() -> list[str]:
    found: list[str] = json.loads(corpus_path("addresses", "blns.json").read_text("utf-8"))
    return found


def words(text: str) -> list[str]:
    return text.translate(BIDIRECTIONAL).split()


def seen(html: str, text: str) -> None:
    """The page says the string and nothing of it has become a tag."""
    root = etree.fromstring(html.encode(), etree.HTMLParser(encoding="utf-8"))
    shown = clean(text)
    assert [node.tag for node in root.iter()] == ["html", "head", "style", "body", "p", "a", "img"]
    assert (root.find("body/p").text or "") == shown
    assert root.find("body/p").get("title") == shown
    assert root.find("body/p").get("style") == "color:red"
    assert root.find("body/img").get("alt") == clean(text.upper())


def test_naughty_strings_in_messages() -> None:
    filler = made(MIME)
    ordinary = written(filler, "Zoë")
    assert ordinary is not None
    expected = message_from_bytes(ordinary, policy=policy.default)
    sent = 0
    for text in naughty():
        raw = written(filler, text)
        if raw is None:
            continue
        sent += 1
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert not message.defects
        assert message.keys() == expected.keys()
        assert [part.get_content_type() for part in message.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert words(str(message["Subject"])) == words(f"Dear {text}")
        assert words(str(message["X-Name"])) == words(text)
        plain, html = message.get_payload()
        seen(html.get_payload(decode=True).decode().replace("\r\n", "\n"), text)
        assert clean(text) in plain.get_payload(decode=True).decode().replace("\r\n", "\n")
    assert sent > 400


def test_naughty_strings_in_json() -> None:
    filler = made(JSON)
    sent = 0
    for text in naughty():
        raw = written(filler, text)
        if raw is None:
            continue
        sent += 1
        letter = read_json(raw, filler)
        assert letter.subject == f"Dear {text}".translate(BIDIRECTIONAL)
        assert dict(letter.headers)["X-Name"] == text.translate(BIDIRECTIONAL)
        assert clean(text) in letter.text
        seen(letter.html, text)
    assert sent > 400
