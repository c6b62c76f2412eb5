"""Proof: what shows that a call comes from the provider, and everything that does not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import WebhookRefused
from engine.model.heard import Post
from engine.providers.proof import check_fresh, check_hash, check_secret, keyed_hash

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
KEY = "a-long-secret-é"


def basic(pair: str) -> dict[str, str]:
    """An Authorization header with user and password."""
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        basic(f"touchbase:{KEY}"),
        basic(f":{KEY}"),
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"x-touchbase-key": KEY},
        {"x-touchbase-key": KEY, "authorization": "Basic wrong"},
    ],
)
def test_the_secret_may_come_in_three_ways(headers: dict[str, str]) -> None:
    check_secret(Post(b"", headers), KEY, "mail")


def test_a_secret_with_a_colon_is_user_and_password() -> None:
    check_secret(Post(b"", basic("acme:pass")), "acme:pass", "mail")
    with pytest.raises(WebhookRefused):
        check_secret(Post(b"", basic("other:pass")), "acme:pass", "mail")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("touchbase:wrong"),
        basic(KEY),
        {"authorization": "Basic ****"},
        {"authorization": "Basic /w=="},
        {"authorization": KEY},
        {"authorization": f"Digest {KEY}"},
        {"authorization": "Bearer"},
        {"x-touchbase-key": KEY[:-1]},
        {"x-touchbase-key": ""},
        {"x-touchbase-key": "\udce9"},
    ],
)
def test_everything_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused) as raised:
        check_secret(Post(b"", headers), KEY, "mail")
    assert raised.value.status == 401
    assert KEY not in raised.value.message + raised.value.help


@pytest.mark.parametrize("headers", [{}, {"x-touchbase-key": ""}, {"authorization": "Bearer "}])
def test_without_a_key_nothing_is_listened_to(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused) as raised:
        check_secret(Post(b"", headers), "", "mail")
    assert raised.value.status == 403
    assert "webhook_key" in raised.value.help


def test_a_keyed_hash_fits_one_message_and_one_key() -> None:
    claimed = keyed_hash(b"key", b"message").hex()
    check_hash(b"key", b"message", claimed.upper(), "mail")
    for key, message, wrong in [
        (b"key", b"message ", claimed),
        (b"kez", b"message", claimed),
        (b"key", b"message", claimed[:-1]),
        (b"key", b"message", ""),
        (b"key", b"message", "é"),
    ]:
        with pytest.raises(WebhookRefused):
            check_hash(key, message, wrong, "mail")


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)]
)
def test_a_moment_is_fresh_for_five_minutes(seconds: float, fresh: bool) -> None:
    signed = (NOW - timedelta(seconds=seconds)).timestamp()
    if fresh:
        check_fresh(signed, NOW, "mail")
        return
    with pytest.raises(WebhookRefused):
        check_fresh(signed, NOW, "mail")


def test_a_moment_that_is_no_number_is_not_fresh() -> None:
    with pytest.raises(WebhookRefused):
        check_fresh(float("nan"), NOW, "mail")
