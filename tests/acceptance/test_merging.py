"""One letter for many people, by the real command: it arrives as the whole one does, and nobody is left out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Desk, adds_up
from tests.doubles import api, mailgun, sendgrid
from tests.providers.api_way_out import ApiWayOut
from tests.providers.letters import Received
from tests.providers.test_mailgun import MailgunWayOut
from tests.providers.test_sendgrid import SendgridWayOut

AWKWARD = {"sendgrid": "-tbmerge-1-", "mailgun": "%recipient.v0001%"}
"""Names that would be taken for the provider's own tags."""


@pytest.fixture(params=["sendgrid", "mailgun"])
def way_out(request: pytest.FixtureRequest) -> Iterator[ApiWayOut]:
    server: api.Api = {"sendgrid": sendgrid.Sendgrid, "mailgun": mailgun.Mailgun}[request.param]()
    with api.running(server) as url:
        made = {"sendgrid": SendgridWayOut, "mailgun": MailgunWayOut}[request.param]
        yield made(server, url)
    assert server.violations == []


def sent(desk: Desk, way_out: Any, *, merge: bool) -> tuple[dict[str, Received], int]:
    """Sends the digest through the provider; each reader's letter, and how many calls it took."""
    options = {
        "type": way_out.type_name,
        "url": f"'{way_out.url}'",
        "merge": str(merge).lower(),
        **way_out.options(),
    }
    entry = ", ".join(f"{name}: {value}" for name, value in options.items())
    desk.edit("config/project.yaml", "provider: outbox\n", "provider: mail\nallow_private_networks: true\n")
    desk.edit("config/project.yaml", "public_url", f"  mail: {{ {entry} }}\npublic_url")
    before, calls = len(way_out.received()), way_out.server.requests
    run = desk.run("send", "digest", "--yes", "--json").json
    assert adds_up(run)
    assert (run["failed"], run["uncertain"], run["pending"]) == (0, 0, 0)
    letters = way_out.received()[before:]
    assert run["accepted"] == len(letters) == len({letter.to[1] for letter in letters})
    return {letter.to[1]: letter for letter in letters}, way_out.server.requests - calls


OWN = re.compile(r"(?<=reading\.example/)[wpu]/[\w-]+|BACK-\w{4}-\w{4}|[0-9a-f]{8}-\d+(?=@)")
"""What two runs draw anew: a delivery's number and signed links, and a code of one's own."""


def neutral(letter: Received) -> Received:
    """A letter without what is drawn anew."""
    headers = {name: OWN.sub("…", value) for name, value in letter.headers.items()}
    return replace(
        letter, html=OWN.sub("…", letter.html), text=OWN.sub("…", letter.text), headers=headers, reference=""
    )


def test_a_merged_letter_arrives_as_the_whole_one_does(
    desk: Desk, way_out: ApiWayOut, tmp_path: Path
) -> None:
    desk.filled()
    other = replace(desk, root=Path(shutil.copytree(desk.root, tmp_path / "other")))
    whole, one_by_one = sent(desk, way_out, merge=False)
    merged, together = sent(other, way_out, merge=True)
    assert len(whole) > 2
    assert {to: neutral(letter) for to, letter in merged.items()} == {
        to: neutral(letter) for to, letter in whole.items()
    }
    for letter in merged.values():
        assert letter.html.count(letter.reference) == 3
        assert len(set(OWN.findall(letter.html))) == 4
    assert together < one_by_one


def test_a_value_that_cannot_be_merged_sends_its_calls_letters_whole(desk: Desk, way_out: ApiWayOut) -> None:
    name = AWKWARD[way_out.type_name]
    desk.edit("people.csv", "c2,bjorn@mail.example,Bjørn", f"c2,bjorn@mail.example,{name}")
    desk.run("import", "customers", "people.csv")
    letters, _ = sent(desk, way_out, merge=True)
    assert f"Hello {name}<" in letters["bjorn@mail.example"].html
    assert "Hello Ana<" in letters["ana@mail.example"].html
