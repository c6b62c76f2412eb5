"""IMAP servers that are slow, strange or hostile: bounded in time and memory, and never believed too much."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from engine.errors import NetworkError, TooLarge, TooSlow
from engine.mailbox import conversation
from engine.mailbox.imap import Account, ImapBox
from tests.doubles.scripted_imap import GREETING, Answer, imap

SELECTED = b"* 2 EXISTS\r\n"
FOUND = b"* SEARCH 7 9\r\n"
BASE: dict[str, Answer] = {"SELECT": SELECTED, "UID SEARCH": FOUND}


def read(script: dict[str, Answer], move_to: str = "") -> tuple[list[tuple[str, bytes]], list[str]]:
    """The mails as (uid, bytes), marked as heard, and the commands it took."""
    with imap({**BASE, **script}) as (port, said):
        chosen = Account("127.0.0.1", "u", "p", port, "none", move_to=move_to, allow_private_networks=True)
        with closing(ImapBox(chosen)) as box:
            found = list(box.mails())
            box.heard(found)
        return [(source.key, source.raw) for source in found], said


def test_a_server_may_name_a_mail_after_its_text_answer_twice_and_about_others() -> None:
    fetched = (
        b"* 1 FETCH (FLAGS (\\Recent))\r\n"
        b"* 1 FETCH (BODY[]<0> {3}\r\none UID 7)\r\n"
        b"* 5 FETCH (UID 44 BODY[]<0> {5}\r\nalien)\r\n"
        b"* 2 FETCH (UID 9 BODY[]<0> {3}\r\ntwo)\r\n"
        b"* 2 FETCH (UID 9 BODY[]<0> {5}\r\nagain)\r\n"
    )
    found, said = read({"UID FETCH": fetched})
    assert found == [("7", b"one"), ("9", b"two")]
    assert "UID STORE 7,9 +FLAGS.SILENT (\\Seen)" in said


def test_a_mail_that_vanished_meanwhile_is_left_out() -> None:
    found, said = read({"UID FETCH": b"* 2 FETCH (UID 9 BODY[]<0> {3}\r\ntwo)\r\n"})
    assert found == [("9", b"two")]
    assert "UID STORE 9 +FLAGS.SILENT (\\Seen)" in said


MOVED = ["UID STORE 7 +FLAGS.SILENT (\\Seen)"]


@pytest.mark.parametrize(
    ("able", "commands"),
    [
        ("MOVE UIDPLUS", ['UID MOVE 7 "Heard"']),
        (
            "UIDPLUS",
            ['UID COPY 7 "Heard"', "UID STORE 7 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 7"],
        ),
        ("", ['UID COPY 7 "Heard"', "UID STORE 7 +FLAGS.SILENT (\\Deleted)"]),
    ],
    ids=["move", "uidplus", "neither"],
)
def test_mails_move_as_the_server_can_and_never_by_an_expunge_of_everything(
    able: str, commands: list[str]
) -> None:
    script: dict[str, Answer] = {
        "CAPABILITY": f"* CAPABILITY IMAP4rev1 {able}\r\n".encode(),
        "UID FETCH": b"* 1 FETCH (UID 7 BODY[]<0> {3}\r\none)\r\n",
    }
    _, said = read(script, move_to="Heard")
    assert said[said.index(MOVED[0]) :] == [*MOVED, *commands, "LOGOUT"]


def drip(transport: asyncio.Transport) -> None:
    """A byte now and then, for ever."""
    if not transport.is_closing():
        transport.write(b"*")
        asyncio.get_running_loop().call_later(0.05, drip, transport)


def flood(transport: asyncio.Transport) -> None:
    """Line after line, for ever."""
    if not transport.is_closing():
        transport.write(b"* 1 FETCH (FLAGS ())\r\n" * 1000)
        asyncio.get_running_loop().call_soon(flood, transport)


def silence(transport: asyncio.Transport) -> None:
    """Nothing."""


@pytest.mark.parametrize("step", ["greeting", "SELECT", "UID FETCH"])
@pytest.mark.parametrize("answer", [drip, silence], ids=["drips", "silent"])
def test_a_server_that_does_not_come_to_an_end_is_left(
    step: str, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "COMMAND_SECONDS", 0.3)
    with pytest.raises(TooSlow, match="does not answer in time"):
        read({step: answer})


def test_a_mail_that_is_said_to_be_endless_is_not_read() -> None:
    with pytest.raises(TooLarge, match="more than"):
        read({"UID FETCH": b"* 1 FETCH (UID 7 BODY[]<0> {99999999999}\r\n"})


def test_a_flood_of_lines_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "LARGEST_ANSWER", 100_000)
    with pytest.raises(TooLarge, match="more than"):
        read({"UID FETCH": flood})


def hang_up(transport: asyncio.Transport) -> None:
    transport.close()


@pytest.mark.parametrize(
    "script",
    [
        {"greeting": b"* BYE too many of you\r\n"},
        {"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
        {"greeting": hang_up},
        {"SELECT": hang_up},
        {"UID SEARCH": b"TAG BAD what?\r\n"},
        {"UID FETCH": b"TAG NO \x1b[31mnot\x07 now\r\n"},
        {"UID FETCH": b"\x00\xff\r\n"},
        {"UID FETCH": hang_up},
    ],
    ids=["bye", "web", "hung-up", "gone", "bad", "no", "bytes", "gone-late"],
)
def test_what_goes_wrong_is_one_error_in_words(script: dict[str, Answer]) -> None:
    with pytest.raises(NetworkError) as error:
        read(script)
    assert error.value.message.isprintable()


def test_no_password_goes_to_the_open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    with imap({"greeting": GREETING}) as (port, said):
        monkeypatch.setattr("engine.mailbox.imap._inside", lambda address: False)
        chosen = Account("127.0.0.1", "u", "p", port, "none", allow_private_networks=True)
        with pytest.raises(NetworkError, match="unencrypted"):
            list(ImapBox(chosen).mails())
    assert not any("LOGIN" in command for command in said)


def test_a_server_that_cannot_encrypt_gets_no_password() -> None:
    with imap({"greeting": GREETING}) as (port, said):
        chosen = Account("127.0.0.1", "u", "p", port, "starttls", allow_private_networks=True)
        with pytest.raises(NetworkError, match="TLS not supported"):
            list(ImapBox(chosen).mails())
    assert not any("LOGIN" in command for command in said)
