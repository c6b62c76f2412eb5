"""Bounces by meaning: replies of real servers, and what may be done about each."""

from __future__ import annotations

import pytest

from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce

REPLIES = [
    ("5.1.1", "smtp; 550 5.1.1 user unknown", Bounce.INVALID),
    ("", "550 5.1.1 The email account that you tried to reach does not exist.", Bounce.INVALID),
    ("", "550 Invalid recipient: <kijitora@example.ne.jp>", Bounce.INVALID),
    ("5.2.1", "550 5.2.1 <mikeneko@example.co.jp>... User Unknown", Bounce.INVALID),
    ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable.", Bounce.INVALID),
    (
        "",
        "554 delivery error: dd This user doesn't have a yahoo.com account (k@example.com) [0]",
        Bounce.INVALID,
    ),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", Bounce.INVALID),
    ("", "Mail domain mentioned in email address is unknown", Bounce.INVALID),
    ("5.4.4", "Host or domain name not found. Name service error for name=x.example type=A", Bounce.INVALID),
    ("5.1.10", "550 5.1.10 Domain example.com has a null MX", Bounce.INVALID),
    ("", "", Bounce.INVALID),
    ("5.7.13", "525 5.7.13 Disabled recipient address", Bounce.DISABLED),
    ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled.", Bounce.DISABLED),
    ("", "554 mailbox is inactive", Bounce.DISABLED),
    ("5.2.2", "550 5.2.2 <mailboxfull@example.jp>... Mailbox Full", Bounce.SOFT),
    ("5.3.4", "552 5.3.4 message too large", Bounce.SOFT),
    ("", "452 4.2.2 The email account that you tried to reach is over quota.", Bounce.SOFT),
    ("5.4.7", "delivery expired (message too old)", Bounce.SOFT),
    ("5.7.26", "550-5.7.26 This message is not RFC 5322 compliant or is unauthenticated", Bounce.POLICY),
    ("5.7.1", "550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using Spamhaus", Bounce.POLICY),
    ("5.7.515", "550 5.7.515 Access denied, sending domain does not meet the required level", Bounce.POLICY),
    ("", "421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", Bounce.POLICY),
    ("", "554 Message rejected for spam content", Bounce.POLICY),
    ("5.1.1", "550 5.1.1 <blockbuster@example.com>: user blocked@example.com not found", Bounce.INVALID),
]


@pytest.mark.parametrize(("status", "words", "meaning"), REPLIES, ids=[each[1][:40] for each in REPLIES])
def test_a_reply_is_read_by_its_meaning(status: str, words: str, meaning: Bounce) -> None:
    if words.startswith("4"):
        assert diagnosed(status, words, hard=False) == meaning
    assert diagnosed(status, words, hard=True) == meaning


@pytest.mark.parametrize(("status", "words", "meaning"), REPLIES, ids=[each[1][:40] for each in REPLIES])
def test_what_the_provider_calls_temporary_never_gives_an_address_up(
    status: str, words: str, meaning: Bounce
) -> None:
    expected = Bounce.SOFT if meaning in (Bounce.INVALID, Bounce.DISABLED) else meaning
    assert diagnosed(status, words, hard=False) == expected


def test_an_ip_address_is_no_status() -> None:
    assert (
        diagnosed("", "550 connection from 192.5.1.1 refused: your mailbox is full", hard=True) == Bounce.SOFT
    )
