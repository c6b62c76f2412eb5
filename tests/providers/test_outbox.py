"""The outbox: .eml files people can open, and a folder that tells the truth."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from engine.errors import AccountFault, NotSent
from engine.model.letter import Verdict
from engine.providers.base import Provider
from engine.providers.registry import make_provider
from tests.providers.conformance import Conformance, deliver, run
from tests.providers.letters import Received, batch_of, letter, long_lines, read_message, to


class OutboxWayOut:
    """An outbox in a temporary workspace."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def provider(self) -> Provider:
        return make_provider("outbox", {"type": "outbox"}, workspace=self.workspace)

    def unusable(self) -> Provider:
        (self.workspace / "a-file").write_text("in the way")
        return make_provider("o", {"type": "outbox", "folder": "a-file/outbox"}, workspace=self.workspace)

    def received(self) -> list[Received]:
        letters = [read_message(path.read_bytes()) for path in (self.workspace / "outbox").glob("*.eml")]
        return sorted(letters, key=lambda each: each.reference)

    def dead_address(self) -> str:
        return ""


@pytest.fixture
def way_out(tmp_path: Path) -> OutboxWayOut:
    return OutboxWayOut(tmp_path)


class TestOutboxConforms(Conformance):
    """The outbox keeps every promise of the protocol."""


def test_a_letter_is_a_file_named_after_its_reader(way_out: OutboxWayOut, tmp_path: Path) -> None:
    provider = way_out.provider()
    (outcomes,) = run(deliver(provider, batch_of(provider, [to("Anna.Berg+news@customers.example")])))
    path = tmp_path / "outbox" / outcomes[0].provider_id
    assert path.name.startswith("anna-berg-news-customers-example-")
    assert path.read_bytes().startswith(b"MIME-Version: 1.0\r\n")


@pytest.mark.parametrize(
    "address", ["/etc/passwd@x.example", "CON@x.example", "-rf@x.example", "/a@x.example"]
)
def test_no_address_leads_out_of_the_folder(way_out: OutboxWayOut, tmp_path: Path, address: str) -> None:
    provider = way_out.provider()
    (outcomes,) = run(deliver(provider, batch_of(provider, [to(address)])))
    assert (tmp_path / "outbox" / outcomes[0].provider_id).is_file()
    assert {path.parent for path in tmp_path.rglob("*.eml")} == {tmp_path / "outbox"}


def test_two_letters_to_one_reader_are_two_files(way_out: OutboxWayOut) -> None:
    provider = way_out.provider()
    twice = [to("a@customers.example", 1), to("a@customers.example", 2)]
    run(deliver(provider, batch_of(provider, twice)))
    assert len(way_out.received()) == 2


def test_the_listing_shows_every_letter_as_people_read_it(way_out: OutboxWayOut, tmp_path: Path) -> None:
    provider = way_out.provider()
    letters = [letter(1, subject="<b>Grüße</b> & more"), letter(2, subject="Plain")]
    run(deliver(provider, batch_of(provider, letters)))
    lines = [json.loads(line) for line in (tmp_path / "outbox" / "index.jsonl").read_text().splitlines()]
    assert [line["subject"] for line in lines] == ["<b>Grüße</b> & more", "Plain"]
    page = (tmp_path / "outbox" / "index.html").read_text()
    assert "&lt;b&gt;Grüße&lt;/b&gt; &amp; more" in page
    for line in lines:
        assert f'href="{line["file"]}"' in page
        assert (tmp_path / "outbox" / line["file"]).stat().st_size == line["bytes"]


def test_a_listing_cut_short_by_a_crash_does_not_stop_the_next_letter(
    way_out: OutboxWayOut, tmp_path: Path
) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(1)])))
    with (tmp_path / "outbox" / "index.jsonl").open("ab") as listing:
        listing.write(b'{"file": "cut sho\n')
    (outcomes,) = run(deliver(provider, batch_of(provider, [letter(2)])))
    assert outcomes[0].verdict == Verdict.ACCEPTED
    assert outcomes[0].provider_id in (tmp_path / "outbox" / "index.html").read_text()


def test_the_same_letter_again_replaces_its_file(way_out: OutboxWayOut) -> None:
    provider = way_out.provider()
    first, second = letter(1), letter(1, subject="Better")
    run(deliver(provider, batch_of(provider, [first]), batch_of(provider, [second])))
    (got,) = way_out.received()
    assert got.subject == "Better"


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_lost(way_out: OutboxWayOut) -> None:
    with pytest.raises(AccountFault, match="cannot write letters into"):
        run(way_out.unusable().open())


def test_a_full_disk_keeps_what_was_written_and_loses_nothing_else(
    way_out: OutboxWayOut, tmp_path: Path
) -> None:
    provider = way_out.provider()
    letters = [letter(1), letter(2, html="<p>" + "x" * 300_000), letter(3)]
    outcomes = with_small_files(200_000, provider, letters)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.RETRY, Verdict.RETRY]
    assert [each.reference for each in way_out.received()] == ["delivery-1"]
    assert not list((tmp_path / "outbox").glob(".*.part"))


def test_a_full_disk_from_the_start_is_not_sent(way_out: OutboxWayOut) -> None:
    provider = way_out.provider()
    with pytest.raises(NotSent, match="no room"):
        with_small_files(100_000, provider, [letter(1, html="<p>" + "x" * 300_000)])


def with_small_files(limit: int, provider: Provider, letters: list) -> list:
    """Deliver while the kernel refuses files above a size, as a full disk does half-way through one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    batch = batch_of(provider, letters)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        return run(deliver(provider, batch))[0]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_line_of_a_letter_is_longer_than_mail_allows(way_out: OutboxWayOut, tmp_path: Path) -> None:
    provider = way_out.provider()
    run(deliver(provider, batch_of(provider, [letter(html="<p>" + "wörd " * 2000)])))
    (path,) = (tmp_path / "outbox").glob("*.eml")
    assert long_lines(path.read_bytes(), 998) == []
    assert all(line.startswith(b"List-Unsubscribe:") for line in long_lines(path.read_bytes(), 78))
