"""Calls as Prism sees them: the wire itself, checked by a program that others wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.network.lane import Answer
from engine.providers.base import Provider
from engine.providers.registry import make_provider
from engine.providers.sendgrid import SEND, Sendgrid
from tests.corpus import corpus_path
from tests.doubles import prism
from tests.providers.conformance import run
from tests.providers.letters import LETTER, batch_of, filled_batch, letter, marked, reader

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def posted(url: str, body: bytes, token: str = "t") -> Answer:
    """The answer to these bytes, sent with everything the provider sends along."""
    options = {"type": "sendgrid", "token": token, "url": url}
    provider = make_provider("mail", options, workspace=Path(), allow_private_networks=True)
    assert isinstance(provider, Sendgrid)

    async def call() -> Answer:
        try:
            return await provider.singles.first.post(SEND, body)
        finally:
            await provider.close()

    return run(call())


def test_sendgrid_takes_whole_and_merged_letters_and_would_notice_others() -> None:
    provider: Provider = make_provider("mail", {"type": "sendgrid", "token": "t"}, workspace=Path())
    assert provider.merge_wire is not None
    whole = provider.wire.encode(letter(1))
    merged = filled_batch(provider.merge_wire, marked(), [reader(n) for n in range(1000)]).joined()
    with prism.mocking(corpus_path("providers/sendgrid/tsg_mail_v3.json")) as url:
        for body in (whole, provider.wire.encode(LETTER), merged):
            answer = posted(url, body)
            assert (answer.status, answer.headers.get("sl-violations")) == (202, None)
        broken = json.loads(whole)
        del broken["from"]
        broken["personalizations"][0]["to"] = [{"name": "nobody"}]
        refused = posted(url, json.dumps(broken).encode())
        assert refused.status == 400
        assert "from" in refused.headers["sl-violations"]
        assert "email" in refused.headers["sl-violations"]


def test_resend_takes_whole_letters_and_would_notice_others() -> None:
    provider = make_provider("mail", {"type": "resend", "token": "t"}, workspace=Path())
    body = batch_of(provider, [letter(n) for n in range(100)]).joined()
    with prism.mocking(corpus_path("providers/resend/resend.openapi.json")) as url:
        sent = posted_by("resend", url, "/emails/batch", body)
        assert (sent.status, sent.headers.get("sl-violations")) == (200, None)
        broken = json.loads(body)
        del broken[1]["subject"]
        refused = posted_by("resend", url, "/emails/batch", json.dumps(broken).encode())
        assert (refused.status, b"subject" in refused.body) == (422, True)


def test_brevo_takes_whole_letters_and_would_notice_others() -> None:
    provider = make_provider("mail", {"type": "brevo", "token": "t", "webhook_key": "k"}, workspace=Path())
    body = batch_of(provider, [letter(n) for n in range(100)]).joined()
    with prism.mocking(corpus_path("providers/brevo/brevo.openapi.normalised.json")) as url:
        sent = posted_by("brevo", url, "/smtp/email", body)
        assert (sent.status, sent.headers.get("sl-violations")) == (201, None)
        broken = json.loads(body)
        broken["messageVersions"][1]["to"] = "nobody"
        refused = posted_by("brevo", url, "/smtp/email", json.dumps(broken).encode())
        assert refused.status == 400
        assert "messageVersions" in refused.headers["sl-violations"]


def posted_by(type_name: str, url: str, path: str, body: bytes) -> Answer:
    """The answer to these bytes, sent with everything that type of provider sends along."""
    options = {"type": type_name, "token": "t", "url": url}
    provider = make_provider("mail", options, workspace=Path(), allow_private_networks=True)

    async def call() -> Answer:
        try:
            return await provider.lane.post(path, body)  # type: ignore[attr-defined]
        finally:
            await provider.close()

    return run(call())
