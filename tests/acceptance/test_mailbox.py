"""`touchbase hear` without a path: the workspace's own mailbox, a Maildir or a real IMAP server's folder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROJECT, Desk
from tests.acceptance.test_hearing import LATER, bounce, sent
from tests.doubles.dovecot import PASSWORD, USERS, Dovecot, dovecot

__all__ = ["sent"]
taken = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


def with_mailbox(desk: Desk, mailbox: str) -> None:
    desk.write("config/project.yaml", f"{PROJECT}allow_private_networks: true\nmailbox: {mailbox}\n")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))


def test_a_mailbox_at_a_server_is_read_and_every_mail_counts_once(sent: Desk, server: Dovecot) -> None:
    user = USERS[next(taken)]
    sent.environment |= {"SSL_CERT_FILE": str(server.authority), "IMAP_PASSWORD": PASSWORD}
    written = f"imap: localhost, port: {server.tls_port}, user: {user}, password: !secret IMAP_PASSWORD"
    with_mailbox(sent, f"{{ {written} }}")
    assert sent.json("hear") == []
    mail = bounce(sent, "ana@mail.example").read_text(encoding="utf-8")
    server.deliver(user, "1", mail)
    (line,) = sent.json("hear", "--dry-run")
    assert (line["file"], line["kind"], line["action"]) == ("INBOX/1", "hard", "suppress")
    (line,) = sent.json("hear")
    assert line["action"] == "suppress"
    assert sent.json("hear") == []
    # Killed after it was taken in and before it was marked, or forwarded once more: the same mail says nothing new.
    server.deliver(user, "2", mail)
    (line,) = sent.json("hear")
    assert line["action"] == "known"
    assert sent.json("why", "ana@mail.example", "digest", now=LATER)["reason"] == "suppressed"
    with_mailbox(sent, f"{{ {written}, move_to: Heard }}")
    assert [line["action"] for line in sent.json("hear")] == ["known", "known"]
    assert files(server.maildir(user)) == [name for name in files(server.maildir(user)) if "Heard" in name]


def test_a_mailbox_that_cannot_be_read_is_said_with_its_remedy(sent: Desk, server: Dovecot) -> None:
    sent.environment |= {"SSL_CERT_FILE": str(server.authority), "IMAP_PASSWORD": "a-wrong-one"}
    written = f"imap: localhost, port: {server.tls_port}, user: {USERS[next(taken)]}, password: !secret IMAP_PASSWORD"
    with_mailbox(sent, f"{{ {written} }}")
    refused = sent.run("hear")
    assert refused.code == 5
    assert "does not let" in refused.err
    assert "config/project.yaml" in refused.err
    assert "a-wrong-one" not in refused.err + refused.out
    del sent.environment["IMAP_PASSWORD"]
    unset = sent.run("hear")
    assert unset.code == 2
    assert "IMAP_PASSWORD" in unset.err
    (warning,) = [each for each in sent.json("check") if each["code"] == "X061"]
    assert (warning["file"], warning["severity"]) == ("config/project.yaml", "warning")


def test_a_maildir_is_read_and_its_mails_are_seen_afterwards(sent: Desk) -> None:
    for folder in ("new", "cur", "tmp"):
        (sent.root / "Mail" / folder).mkdir(parents=True)
    with_mailbox(sent, "{ maildir: Mail }")
    mail = bounce(sent, "ana@mail.example").read_text(encoding="utf-8")
    sent.write("Mail/new/1", mail)
    (line,) = sent.json("hear", "--dry-run")
    assert line["action"] == "suppress"
    assert files(sent.root / "Mail") == ["new/1"]
    (line,) = sent.json("hear")
    assert line["action"] == "suppress"
    assert files(sent.root / "Mail") == ["cur/1:2,S"]
    assert sent.json("hear") == []


def test_without_a_path_and_without_a_mailbox_it_says_what_to_write(sent: Desk) -> None:
    nothing = sent.run("hear")
    assert nothing.code == 2
    assert "mailbox:" in nothing.err
    with_mailbox(sent, "{ maildir: nowhere }")
    missing = sent.run("hear")
    assert missing.code == 2
    assert "is no Maildir" in missing.err


@pytest.mark.parametrize(
    ("written", "column", "said"),
    [
        ("{ imap: imap.x.example, maildir: Mail }", 34, "is `imap` or `maildir`"),
        ("{ folder: INBOX }", 1, "is `imap` or `maildir`"),
        ("{ imap: imap.x.example, user: a }", 12, "asks for a password"),
        ("{ maildir: Mail, move_to: Heard }", 27, "has no `move_to`"),
        ("{ imap: x, user: a, password: b, move_to: INBOX }", 43, "where they are"),
    ],
    ids=["both", "neither", "no-password", "strange", "circle"],
)
def test_a_mailbox_that_makes_no_sense_is_told_at_its_line(
    desk: Desk, written: str, column: int, said: str
) -> None:
    with_mailbox(desk, written)
    (problem,) = [each for each in desk.run("check", "--json").json if each["severity"] == "error"]
    assert said in problem["message"]
    assert (problem["file"], problem["line"], problem["column"]) == ("config/project.yaml", 14, column)
