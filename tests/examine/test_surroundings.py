"""The public address, feeds and the file of secrets, judged by what really answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.flows.examine import surroundings
from engine.model.finding import Verdict
from tests.doubles.api import Api, Reply, Request, running


class Page(Api):
    """Answers every question alike."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply

    def question(self, request: Request) -> Reply:
        return self.reply if request.path == "/livez" else Reply(404)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(200, b"ok\n", "text/plain"), Verdict.FINE),
        (Reply(200, b"<html>a parked domain</html>", "text/html"), Verdict.WARNING),
        (Reply(404), Verdict.WARNING),
        (Reply(502), Verdict.WARNING),
    ],
    ids=["ours", "somebody else's", "missing", "out of order"],
)
def test_the_public_address_must_answer_as_ours(reply: Reply, verdict: Verdict) -> None:
    with running(Page(reply)) as url:
        found = surroundings.public_address(url, leaves_machine=False)
    assert found.verdict is verdict
    assert bool(found.do) is (verdict is not Verdict.FINE)


def test_an_address_of_ones_own_machine_is_none_for_readers() -> None:
    found = surroundings.public_address("http://127.0.0.1:8025", leaves_machine=True)
    assert (found.verdict, "their own machine" in found.what) == (Verdict.PROBLEM, True)


def test_feeds() -> None:
    assert surroundings.feed("blog", 3, "", "").verdict is Verdict.FINE
    assert surroundings.feed("blog", 0, "", "").verdict is Verdict.WARNING
    assert surroundings.feed("blog", 0, "404", "").do == "correct its url in config/feeds.yaml"


def test_the_file_of_secrets_is_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    assert list(surroundings.secrets_file(path)) == []
    path.write_text("A: b\n", encoding="utf-8")
    for mode, verdict in ((0o600, Verdict.FINE), (0o640, Verdict.WARNING), (0o604, Verdict.WARNING)):
        path.chmod(mode)
        (found,) = surroundings.secrets_file(path)
        assert found.verdict is verdict
