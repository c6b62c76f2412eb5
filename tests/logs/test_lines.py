"""A line of the log says what happened, and neither to whom nor with what key, whatever a room hands over."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.provisional import domains

from engine import logs
from engine.definitions.schema.values import Secret

log = logging.getLogger("engine.tests")
Logs = Callable[..., Callable[[], list[Any]]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def lines() -> Iterator[Callable[..., io.StringIO]]:
    """Sets logging up on a stream of the test's own; everything is as it was afterwards."""
    root, engine = logging.getLogger(), logging.getLogger("engine")
    before = root.handlers[:], root.level, engine.level

    def begin(level: str = "info", *, terminal: bool = False, **variables: str) -> io.StringIO:
        stream = Terminal() if terminal else io.StringIO()
        logs.set_up(level, stream=stream, environment=variables)
        return stream

    yield begin
    root.handlers[:], root.level, engine.level = before[0], before[1], before[2]


def told(stream: io.StringIO) -> list[Any]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_object_with_what_it_concerns(lines: Any) -> None:
    stream = lines()
    log.info("letters sent", extra={"run": 7, "campaign": "digest", "letters": 120, "unknown": "left out"})
    (event,) = told(stream)
    assert event.pop("at").endswith("+00:00")
    assert event == {
        "level": "info",
        "event": "letters sent",
        "room": "tests",
        "run": 7,
        "campaign": "digest",
        "letters": 120,
    }


def test_a_person_at_a_terminal_reads_a_sentence(lines: Any) -> None:
    stream = lines(terminal=True)
    log.warning("feed not read", extra={"feed": "blog", "reason": "404\r\nnot\x1b[2J found"})
    line = stream.getvalue()
    assert line.endswith(" warning feed not read · feed=blog reason=404  not�[2J found\n")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "terminal", "is_json"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"TOUCHBASE_LOG_FORMAT": "text"}, False, False),
        ({"TOUCHBASE_LOG_FORMAT": "json"}, True, True),
        ({"TOUCHBASE_LOG_FORMAT": "xml"}, False, True),
    ],
)
def test_the_format_follows_the_terminal_or_the_variable(
    lines: Any, variables: dict[str, str], terminal: bool, is_json: bool
) -> None:
    stream = lines(terminal=terminal, **variables)
    log.info("run planned")
    assert stream.getvalue().startswith("{") is is_json


@pytest.mark.parametrize(
    ("level", "variables", "written"),
    [
        ("warning", {}, ["warning"]),
        ("info", {}, ["info", "warning"]),
        ("info", {"TOUCHBASE_LOG_LEVEL": "error"}, []),
        ("warning", {"TOUCHBASE_LOG_LEVEL": "DEBUG"}, ["debug", "info", "warning"]),
        ("warning", {"TOUCHBASE_LOG_LEVEL": "loud"}, ["warning"]),
    ],
)
def test_the_level_follows_the_door_or_the_variable(
    lines: Any, level: str, variables: dict[str, str], written: list[str]
) -> None:
    stream = lines(level, **variables)
    for name in ("debug", "info", "warning"):
        getattr(log, name)("something")
    assert [event["level"] for event in told(stream)] == written


def test_setting_up_twice_writes_once(lines: Any) -> None:
    lines()
    stream = lines()
    log.info("run planned")
    assert len(told(stream)) == 1


def test_an_exception_is_told_with_its_trace_and_without_its_values(lines: Any) -> None:
    stream = lines()
    Secret("KEY", "canary-of-the-key").reveal()
    try:
        raise ValueError("ana@mail.example and canary-of-the-key")
    except ValueError:
        log.exception("page broke")
    (event,) = told(stream)
    assert event["error"].startswith("ValueError: <address ")
    assert "test_lines.py" in event["traceback"]
    assert "ana@mail" not in stream.getvalue()
    assert "raise ValueError" in event["traceback"]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("to ana@mail.example", "ana@mail"),
        ("to <Ana.Maria+x@sub.mail.example>", "Ana.Maria"),
        ("/?email=ana%40mail.example", "ana%40mail"),
        ("zoë@müller.example", "zoë@"),
        ("postgresql://mailer:hunter2hunter2@db/mail", "hunter2"),
        ("GET /u/eyJhbGciOi.JIUzI1NiJ9~1234 failed", "eyJhbGciOi"),
        ("key canary-in-a-sentence.", "canary-in-a-sentence"),
    ],
)
def test_addresses_secrets_and_tokens_are_not_written(lines: Any, text: str, hidden: str) -> None:
    logs.hide("canary-in-a-sentence")
    stream = lines()
    log.info(text)
    log.info("an event with %s", text)
    log.info("an event", extra={"reason": text, "campaign": text})
    assert len(told(stream)) == 3
    assert hidden not in stream.getvalue()


def test_the_same_address_has_the_same_digest() -> None:
    found = {logs.scrubbed(text) for text in ("Ana@mail.example", "ana@MAIL.example", "ana%40mail.example")}
    assert len(found) == 1
    assert logs.scrubbed("bob@mail.example") not in found


def test_ordinary_words_stay() -> None:
    logs.hide("short")
    logs.hide("sqlite:///touchbase.db")
    for text in (
        "a short word",
        "sqlite:///touchbase.db cannot be opened",
        "3 @ 4 p.m.",
        "https://a.example/x/y",
    ):
        assert logs.scrubbed(text) == text


LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789.+_-", min_size=1, max_size=20)


@settings(deadline=None)
@given(LOCAL, domains(), st.text(max_size=30), st.text(max_size=30))
def test_no_address_survives_among_any_words(local: str, domain: str, before: str, after: str) -> None:
    address = f"{local}@{domain}"
    assert address not in logs.scrubbed(f"{before} {address} {after}")
