"""How well real bounces are read: precision and recall of "suppress this address" over other people's collections.

flufl.bounce's own answers say which addresses a mail calls failed for good. They do not say why, and a full mailbox
or a blocked sender is no reason to give an address up. So everything whose reason is not the address is named
here, by reading it; what remains must be suppressed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.mailbox.answer import Answer, Kind
from engine.mailbox.reading import read
from tests.corpus import corpus_path

pytestmark = pytest.mark.corpus

FULL, LATER, POLICY, SILENT, CLOSED = (
    "full or too large",
    "later",
    "policy",
    "no reason given",
    "not collected",
)

NOT_THE_ADDRESS = {
    "aol_01": POLICY,
    "bounce_03": CLOSED,
    "caiwireless_01": SILENT,
    "dsn_01": FULL,
    "dsn_02": LATER,
    "dsn_03": FULL,
    "dsn_04": FULL,
    "dsn_09": POLICY,
    "hotpop_01": FULL,
    "microsoft_03": SILENT,
    "netscape_01": LATER,
    "newmailru_01": FULL,
    "postfix_02": LATER,
    "postfix_03": LATER,
    "postfix_04": FULL,
    "postfix_05": POLICY,
    "qmail_01": SILENT,
    "qmail_02": FULL,
    "qmail_06": FULL,
    "qmail_07": FULL,
    "sendmail_01": LATER,
    "simple_01": FULL,
    "simple_02": LATER,
    "simple_07": FULL,
    "simple_09": FULL,
    "simple_10": SILENT,
    "simple_14": FULL,
    "simple_16": SILENT,
    "simple_17": SILENT,
    "simple_18": LATER,
    "simple_20": SILENT,
    "simple_24": SILENT,
    "simple_31": SILENT,
    "simple_32": LATER,
    "simple_38": FULL,
    "simple_42": POLICY,
    "simple_44": LATER,
    "simple_45": FULL,
    "sina_01": SILENT,
    "smtp32_01": SILENT,
    "smtp32_02": SILENT,
    "smtp32_03": SILENT,
    "smtp32_05": SILENT,
    "yahoo_01": LATER,
    "yahoo_02": FULL,
    "yahoo_04": FULL,
    "yahoo_12": SILENT,
}
"""flufl's failures for good whose reason is something else than that there is no such mailbox."""

MIMEKIT = {
    "bounce.txt": {"netec.test@netecgc.com"},
    "delivery-status.txt": {"newsletter-request@imusic.com"},
    "delivery-status-no-blank-line.txt": {"newsletter-request@imusic.com"},
    "delivery-status2.txt": {"source@domain.com"},
}
"""The only mails of that collection that call an address dead; the others are letters, and odd ones."""


@dataclass(frozen=True)
class Score:
    """Of the addresses suppressed and to be suppressed, how many were right."""

    right: int
    wrong: frozenset[tuple[str, str]]
    missed: frozenset[tuple[str, str]]

    @property
    def precision(self) -> float:
        return self.right / (self.right + len(self.wrong))

    @property
    def recall(self) -> float:
        return self.right / (self.right + len(self.missed))


def score(said: set[tuple[str, str]], true: set[tuple[str, str]]) -> Score:
    return Score(len(said & true), frozenset(said - true), frozenset(true - said))


def suppressed(answers: list[Answer]) -> set[str]:
    return {answer.address.lower() for answer in answers if answer.kind is Kind.HARD and answer.address}


def flufl() -> Iterator[tuple[str, list[Answer], set[str], set[str]]]:
    """Each mail's name, what we read in it, and which addresses flufl calls failed for good or for now."""
    folder = corpus_path("mail", "shared", "flufl")
    with (folder / "expected.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = Path(row["file"]).stem
            lasting, passing = (set(row[key].lower().split()) for key in ("permanent", "temporary"))
            yield name, read((folder / row["file"]).read_bytes()), lasting, passing


def test_addresses_that_are_dead_are_given_up_and_no_others() -> None:
    said: set[tuple[str, str]] = set()
    true: set[tuple[str, str]] = set()
    for name, answers, lasting, _ in flufl():
        said |= {(name, address) for address in suppressed(answers)}
        if name not in NOT_THE_ADDRESS:
            true |= {(name, address) for address in lasting}
    found = score(said, true)
    print(f"flufl: {len(true)} dead, precision {found.precision:.3f}, recall {found.recall:.3f}, {found}")
    assert len(true) >= 70
    assert found.precision >= 0.98, found.wrong
    assert found.recall >= 0.95, found.missed


def test_the_failed_recipients_are_found() -> None:
    wrong = {}
    total = right = 0
    for name, answers, lasting, passing in flufl():
        total += len(lasting | passing)
        read_here = {answer.address.lower() for answer in answers if answer.address}
        right += len(read_here & (lasting | passing))
        if read_here != lasting | passing and lasting | passing:
            wrong[name] = (read_here, lasting | passing)
    print(f"flufl: {right} of {total} recipients found; otherwise {wrong}")
    assert right / total >= 0.96, wrong


def test_what_is_only_late_is_never_given_up() -> None:
    for name, answers, _, passing in flufl():
        assert not suppressed(answers) & passing, name


def test_of_odd_mails_only_the_reports_are_believed() -> None:
    folder = corpus_path("mail", "shared", "mimekit")
    for path in sorted(folder.iterdir()):
        assert suppressed(read(path.read_bytes())) == MIMEKIT.get(path.name, set()), path.name
    (complaint,) = read((folder / "feedback-report.txt").read_bytes())
    assert (complaint.kind, complaint.address) == (Kind.COMPLAINT, "user@example.com")
