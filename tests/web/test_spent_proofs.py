"""A signature that was overheard serves no second event, whichever process of the house is asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from engine import clock
from engine.app.desk import Desk as AppDesk
from engine.app.reception import Reception
from engine.errors import WebhookRefused
from engine.model.heard import Heard, Post
from tests.acceptance.conftest import NOW, PROJECT, laid_out
from tests.providers.test_mailgun_news import KEY, event, signature


def hear(root: Path, kind: str) -> list[Heard]:
    """What a process that was just started makes of a call with the one signature it was given."""
    desk = AppDesk.open(root)
    try:
        ear = Reception(desk).ear("mailgun")
        assert ear is not None
        told = {"signature": signature(), "event-data": event(kind)}
        return asyncio.run(ear.hear(Post(json.dumps(told).encode()), clock.now()))
    finally:
        desk.close()


def test_another_process_does_not_believe_it_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = laid_out(tmp_path)
    written = "{ type: mailgun, token: t, domain: m.example, webhook_key: " + KEY + " }"
    desk.write("config/project.yaml", PROJECT.replace("providers:", f"providers:\n  mailgun: {written}"))
    monkeypatch.setenv("TOUCHBASE_NOW", NOW)
    assert hear(desk.root, "delivered")
    assert hear(desk.root, "delivered")
    with pytest.raises(WebhookRefused, match="another event"):
        hear(desk.root, "complained")
