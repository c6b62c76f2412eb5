"""Amazon SES against a stand-in that somebody else wrote: aws-ses-v2-local."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from engine.model.letter import Mailbox, Verdict
from engine.providers.base import Provider
from engine.providers.registry import make_provider
from tests.doubles.npm import free_port, installed, running
from tests.providers.conformance import deliver, run
from tests.providers.letters import UNSUBSCRIBE, batch_of, filled_batch, letter, marked
from tests.providers.merging import TRICKY
from tests.providers.test_ses import OPTIONS

VERSION = "2.10.2"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = free_port()
    program = installed("aws-ses-v2-local", VERSION, "aws-ses-v2-local")
    with running([str(program), "--host", "127.0.0.1", "--port", str(port)], port) as url:
        yield url


def provider_at(address: str) -> Provider:
    """SES at that address."""
    entry = {"type": "ses", "url": address, **OPTIONS}
    return make_provider("mail", entry, workspace=Path(), allow_private_networks=True)


def stored(address: str) -> list[dict]:
    """Every letter it took."""
    with urlopen(f"{address}/store") as answer:
        return json.load(answer)["emails"]


def test_whole_letters_are_taken(address: str) -> None:
    provider = provider_at(address)
    before = len(stored(address))
    letters = [letter(1), letter(2)]
    (outcomes,) = run(deliver(provider, batch_of(provider, letters)))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 2
    found = {each["messageId"]: each for each in stored(address)[before:]}
    for sent, outcome in zip(letters, outcomes, strict=True):
        got = found[outcome.provider_id]
        assert got["subject"] == sent.subject
        assert got["body"]["html"] == sent.html
        assert got["body"]["text"] == sent.text
        assert got["destination"]["to"] == [f"{sent.to.name} <{sent.to.address}>"]
        headers = {header["name"]: header["value"] for header in got["headers"]}
        assert headers["List-Unsubscribe"] == UNSUBSCRIBE


def test_merged_letters_arrive_as_whole_ones_do(address: str) -> None:
    provider = provider_at(address)
    assert provider.merge_wire is not None
    before = len(stored(address))
    # Merged, it knows no names beside addresses, which SES does. One value looks like a tag, and is not merged.
    readers = [
        replace(each, to=Mailbox("", f"reader{n}@customers.example"))
        for n, each in enumerate(TRICKY)
        if "{{" not in each.html
    ]
    whole = filled_batch(provider.wire, marked(), readers)
    merged = filled_batch(provider.merge_wire, marked(), readers)
    outcomes = run(deliver(provider, whole, merged))
    assert [outcome.verdict for each in outcomes for outcome in each] == [Verdict.ACCEPTED] * 2 * len(readers)
    found = {each["messageId"]: each for each in stored(address)[before:]}
    for one, many in zip(*outcomes, strict=True):
        first, second = found[one.provider_id], found[many.provider_id]
        assert arrived(first) == arrived(second)


def arrived(email: dict) -> tuple:
    """What of a stored letter a reader sees."""
    headers = {header["name"]: header["value"] for header in email["headers"]}
    return (
        email["subject"],
        email["body"],
        email["destination"]["to"],
        email["from"],
        email["replyTo"],
        headers,
    )
