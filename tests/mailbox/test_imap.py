"""An IMAP folder, read from a real server: untouched until heard, then marked or moved; each mail once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from engine.errors import AddressRefused, NetworkError
from engine.mailbox.imap import Account, ImapBox
from engine.mailbox.sources import LARGEST, Source
from tests.doubles.dovecot import PASSWORD, USERS, Dovecot, dovecot

MAIL = "From: a@x.example\nSubject: {}\n\nhello\n"
taken = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def user() -> str:
    return USERS[next(taken)]


@pytest.fixture(autouse=True)
def trusted(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))


Reads = Callable[..., list[str]]


def account(server: Dovecot, user: str, **more: str | int) -> Account:
    values = {"port": server.tls_port, "allow_private_networks": True, "password": PASSWORD, **more}
    return Account("localhost", user, **values)  # type: ignore[arg-type]


def subjects(sources: list[Source]) -> list[str]:
    return [source.raw.split(b"Subject: ")[1].splitlines()[0].decode() for source in sources]


def hear(chosen: Account, *, touched: bool = True, mark: bool = True) -> list[str]:
    """One session: what was read, and marked where `mark`."""
    with closing(ImapBox(chosen, touched=touched)) as box:
        found = list(box.mails())
        if mark:
            box.heard(found)
        return subjects(found)


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_a_mail_is_read_once_and_stays_in_the_folder(server: Dovecot, user: str, security: str) -> None:
    server.deliver(user, "1", MAIL.format("one"))
    port = server.tls_port if security == "tls" else server.port
    chosen = account(server, user, security=security, port=port)
    assert hear(chosen) == ["one"]
    assert hear(chosen) == []
    (kept,) = server.maildir(user).glob("cur/*")
    assert kept.name.endswith(":2,S")


def test_what_was_read_and_not_heard_comes_again_unread(server: Dovecot, user: str) -> None:
    server.deliver(user, "1", MAIL.format("one"))
    assert hear(account(server, user), mark=False) == ["one"]
    assert hear(account(server, user), touched=False) == ["one"]
    assert [path.name.partition(":2,")[2] for path in server.maildir(user).glob("*/1*")] == [""]
    assert hear(account(server, user)) == ["one"]


def test_heard_mails_move_to_their_folder_which_is_made_for_them(server: Dovecot, user: str) -> None:
    chosen = account(server, user, move_to="Geh\u00f6rt & gut")
    for name in ("one", "two", "three"):
        server.deliver(user, name, MAIL.format(name))
    assert sorted(hear(chosen)) == ["one", "three", "two"]
    assert [path for part in ("cur", "new") for path in (server.maildir(user) / part).iterdir()] == []
    moved = server.maildir(user) / ".Geh&APY-rt &- gut"
    assert len([path for part in ("cur", "new") for path in (moved / part).iterdir()]) == 3
    assert hear(chosen) == []
    assert len(hear(account(server, user, folder="Geh\u00f6rt & gut"), mark=False)) == 0
    server.deliver(user, "four", MAIL.format("four"))
    assert hear(chosen) == ["four"]


def test_with_a_folder_to_move_to_a_mail_somebody_opened_is_still_read(server: Dovecot, user: str) -> None:
    server.deliver(user, "1", MAIL.format("opened"))
    assert hear(account(server, user)) == ["opened"]
    assert hear(account(server, user, move_to="Heard")) == ["opened"]


def test_hundreds_of_mails_come_in_order_and_a_huge_one_from_its_beginning(
    server: Dovecot, user: str
) -> None:
    for number in range(230):
        server.deliver(user, f"{number:04}", MAIL.format(number))
    server.deliver(user, "9999", MAIL.format("huge") + "x" * 70 + "\n" * (LARGEST + 10))
    with closing(ImapBox(account(server, user))) as box:
        found = list(box.mails())
        assert [int(source.key) for source in found] == list(range(1, 232))
        assert found[0].file == "INBOX/1"
        assert len(found[-1].raw) == LARGEST
        # What is not said to be heard comes again, and nothing else.
        box.heard(found[:200])
    assert len(hear(account(server, user), mark=False)) == 31


def test_an_empty_folder_and_one_that_is_not_there(server: Dovecot, user: str) -> None:
    assert hear(account(server, user)) == []
    with pytest.raises(NetworkError, match="no folder `Bounces`") as error:
        hear(account(server, user, folder="Bounces"))
    assert "config/project.yaml" in error.value.help


def test_a_wrong_password_a_wrong_port_and_a_stranger_are_told_apart(
    server: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError, match="does not let `bounces") as refused:
        hear(account(server, user, password="wrong"))
    assert "wrong" not in refused.value.message.replace("wrong password", "")
    with pytest.raises(NetworkError, match="nobody listens there"):
        hear(account(server, user, port=1))
    with pytest.raises(AddressRefused, match="allow_private_networks|not public"):
        hear(Account("localhost", user, PASSWORD, port=server.tls_port))
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NetworkError, match="certificate is not to be trusted"):
        hear(account(server, user))
