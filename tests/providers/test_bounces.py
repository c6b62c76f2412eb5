"""Bounces by meaning."""

from __future__ import annotations

import pytest

from engine.model.heard import Bounce
from engine.providers.bounces import bounce_of

MEANINGS = [
    ("550 5.1.1 The email account that you tried to reach does not exist.", Bounce.INVALID),
    ("550 Unknown user kijitora@example.ne.jp", Bounce.INVALID),
    ("554 delivery error: dd This user doesn't have a yahoo.com account (k@x.example) [0]", Bounce.INVALID),
    ("550 Invalid recipient: <k@example.ne.jp>", Bounce.INVALID),
    ("550 5.2.1 <m@example.co.jp>... User Unknown", Bounce.INVALID),
    ("Mail domain mentioned in email address is unknown", Bounce.INVALID),
    ("No Such User Here", Bounce.INVALID),
    ("Host or domain name not found. Name service error for name=x.example type=A", Bounce.INVALID),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", Bounce.INVALID),
    ("550 5.5.0 Requested action not taken: mailbox unavailable", Bounce.INVALID),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", Bounce.INVALID),
    ("556 5.1.10 nullMX: x.example does not accept mail", Bounce.INVALID),
    ("553 5.3.0 <x@y.example>... User unknown", Bounce.INVALID),
    ("550 5.1.1 user unknown, see https://x.example/spam/policy", Bounce.INVALID),
    ("550 5.7.1 No such user", Bounce.INVALID),
    ("550 5.2.1 The email account that you tried to reach is disabled.", Bounce.DISABLED),
    ("554 delivery error: dd This account has been disabled or discontinued [#102].", Bounce.DISABLED),
    ("525 5.7.13 Disabled recipient address", Bounce.DISABLED),
    ("550 5.2.2 <k@example.co.jp>... Mailbox Full", Bounce.SOFT),
    ("552 5.1.1 mailbox is full, quota exceeded", Bounce.SOFT),
    ("4.2.2 The email account that you tried to reach is over quota", Bounce.SOFT),
    ("450 4.1.1 mailbox unavailable", Bounce.SOFT),
    ("450 Recipient address rejected: Greylisted", Bounce.SOFT),
    ("552 5.3.4 message size exceeds limit", Bounce.SOFT),
    ("450 4.2.1 The user you are trying to contact is receiving mail at a rate …", Bounce.SOFT),
    ("Unable to connect to MX servers: [example.com]", Bounce.SOFT),
    ("550-5.7.26 This mail is unauthenticated; DMARC", Bounce.POLICY),
    ("550-5.7.1 likely unsolicited mail", Bounce.POLICY),
    ("554 5.7.1 Client host blocked using zen.spamhaus.org", Bounce.POLICY),
    ("550 5.1.1 <k@x.example> rejected, your address is on a blocklist", Bounce.POLICY),
    ("550 5.7.1 Unable to relay for k@x.example", Bounce.POLICY),
    ("550 High probability of spam", Bounce.POLICY),
    ("421 4.7.0 unusual rate of unsolicited mail", Bounce.POLICY),
    ("550 5.1.8 sender's domain does not resolve", Bounce.POLICY),
    ("550 5.7.515 Access denied, sending domain does not meet the required authentication", Bounce.POLICY),
]


@pytest.mark.parametrize(("words", "meaning"), MEANINGS)
def test_the_words_say_what_a_bounce_means(words: str, meaning: Bounce) -> None:
    assert bounce_of(words) == meaning
    if meaning is not Bounce.SOFT:
        assert bounce_of(words, otherwise=Bounce.SOFT) == meaning


@pytest.mark.parametrize("otherwise", list(Bounce))
def test_words_that_say_nothing_leave_it_to_the_provider(otherwise: Bounce) -> None:
    for words in ("", "550 Requested action not taken", "not delivered", "554 transaction failed"):
        assert bounce_of(words, otherwise=otherwise) == otherwise


def test_a_status_told_apart_counts_before_one_in_the_words() -> None:
    assert bounce_of("not accepted", "5.1.1") == Bounce.INVALID
    assert bounce_of("550 not accepted", "4.4.2", Bounce.INVALID) == Bounce.SOFT
    assert bounce_of("not accepted", "5.7.1", Bounce.INVALID) == Bounce.POLICY


def test_an_address_or_a_version_is_no_status() -> None:
    assert bounce_of("[5.1.1.7] said no", otherwise=Bounce.POLICY) == Bounce.POLICY
    assert bounce_of("1.5.1.1 said no", otherwise=Bounce.POLICY) == Bounce.POLICY


def test_a_very_long_explanation_is_read_in_no_time() -> None:
    assert bounce_of("account " * 50_000 + "host " * 50_000) == Bounce.SOFT
