"""One mail, read: who it is about, what it means, and which letter it returns."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.mailbox.answer import Answer, Kind
from engine.mailbox.reading import read
from engine.model.heard import Bounce, News
from tests.mailbox import samples
from tests.mailbox.samples import INSTALL, complaint, plain, report

ANA = "ana@example.net"


def one(mail: str | bytes, install: str = INSTALL) -> Answer:
    (answer,) = read(mail.encode() if isinstance(mail, str) else mail, install)
    return answer


TABLE = {
    # Reports of delivery.
    "no such user": (report("failed", "5.1.1", "smtp; 550 5.1.1 User unknown"), Kind.HARD, Bounce.INVALID),
    "a status alone": (report("failed", "5.1.1"), Kind.HARD, Bounce.INVALID),
    "a class alone": (report("failed", "5.0.0"), Kind.SOFT, Bounce.SOFT),
    "words against the status": (report("failed", "5.1.1", "smtp; 552 mailbox full"), Kind.SOFT, Bounce.SOFT),
    "full": (report("failed", "5.2.2", "smtp; 552 5.2.2 over quota"), Kind.SOFT, Bounce.SOFT),
    "spam": (report("failed", "5.7.1", "smtp; 554 5.7.1 rejected as spam"), Kind.SOFT, Bounce.POLICY),
    "closed": (report("failed", "5.2.1", "smtp; 550 5.2.1 account disabled"), Kind.SOFT, Bounce.DISABLED),
    "given up after days": (report("failed", "4.4.1", "smtp; connection timed out"), Kind.SOFT, Bounce.SOFT),
    "only the human part says why": (
        report("failed", "5.0.0", said="<ana@example.net>: Unknown user"),
        Kind.HARD,
        Bounce.INVALID,
    ),
    "delayed": (report("delayed", "4.1.1", "smtp; 450 user unknown"), Kind.SOFT, Bounce.SOFT),
    "delivered": (report("delivered", "2.0.0"), Kind.DELIVERED, None),
    "relayed": (report("relayed", "2.6.0"), Kind.DELIVERED, None),
    "expanded": (report("expanded", "2.0.0"), Kind.DELIVERED, None),
    "headers alone returned": (
        report("failed", "5.1.1", kind="text/rfc822-headers"),
        Kind.HARD,
        Bounce.INVALID,
    ),
    "upper case, blanks, no space": (
        report("FAILED", "5.1.1 (bad address)", final="RFC822;<ANA@EXAMPLE.NET>", original=""),
        Kind.HARD,
        Bounce.INVALID,
    ),
    # Programs with words of their own.
    "Exim": (plain(samples.EXIM, subject="Mail delivery failed"), Kind.HARD, Bounce.INVALID),
    "Gmail": (
        plain(samples.GMAIL, subject="Delivery Status Notification (Failure)"),
        Kind.HARD,
        Bounce.INVALID,
    ),
    "Exchange Online": (
        plain(samples.EXCHANGE, subject="Undeliverable: Our letter"),
        Kind.HARD,
        Bounce.INVALID,
    ),
    "old Exchange": (
        plain(
            samples.OLD_EXCHANGE,
            sender="System Administrator <postmaster@example.net>",
            subject="Undeliverable: x",
        ),
        Kind.HARD,
        Bounce.INVALID,
    ),
    "sendmail": (plain(samples.SENDMAIL, subject="Returned mail: see transcript"), Kind.HARD, Bounce.INVALID),
    "German": (plain(samples.GERMAN, subject="Unzustellbar: Brief"), Kind.SOFT, Bounce.SOFT),
    "HTML": (plain(samples.HTML, kind="text/html"), Kind.HARD, Bounce.INVALID),
    "delayed, in words": (
        plain(samples.DELAYED, subject="Warning: message delayed 24 hours"),
        Kind.SOFT,
        Bounce.SOFT,
    ),
    "X-Failed-Recipients": (
        plain(
            "Message rejected: no such user.", more=f"X-Failed-Recipients: {ANA}\n", sender="x@example.com"
        ),
        Kind.HARD,
        Bounce.INVALID,
    ),
    # Complaints and answers.
    "abuse": (complaint(), Kind.COMPLAINT, None),
    "opt-out": (complaint("opt-out"), Kind.COMPLAINT, None),
    "the report hides who": (complaint(recipient=""), Kind.COMPLAINT, None),
    "out of office": (
        plain(samples.OUT_OF_OFFICE, sender=f"Ana <{ANA}>", subject="Out of Office: Our letter"),
        Kind.AUTO_REPLY,
        None,
    ),
    "auto-submitted": (
        plain(
            samples.OUT_OF_OFFICE, sender=ANA, subject="Re: Our letter", more="Auto-Submitted: auto-replied\n"
        ),
        Kind.AUTO_REPLY,
        None,
    ),
    "in another language": (
        plain("Bin im Urlaub.", sender=ANA, subject="Abwesenheitsnotiz: Brief"),
        Kind.AUTO_REPLY,
        None,
    ),
    "a challenge": (
        plain(samples.CHALLENGE, sender=ANA, subject="Please confirm your message"),
        Kind.AUTO_REPLY,
        None,
    ),
    "a null return path": (
        plain("Thank you, we will answer soon.", sender=ANA, subject="Your mail", more="Return-Path: <>\n"),
        Kind.AUTO_REPLY,
        None,
    ),
    "a person": (plain("Lovely letter, thank you!", sender=ANA, subject="Re: Our letter"), Kind.OTHER, None),
    "a person about bounces": (
        plain(
            "> 550 User unknown\n> <ana@example.net> could not be delivered\nIs this right?",
            sender=ANA,
            subject="Re: Undeliverable: Our letter",
            more="In-Reply-To: <1@example.net>\n",
        ),
        Kind.OTHER,
        None,
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_mail_is_read_by_its_meaning(name: str) -> None:
    mail, kind, bounce = TABLE[name]
    for written in (mail, mail.replace("\n", "\r\n")):
        answer = one(written)
        assert (answer.kind, answer.bounce) == (kind, bounce), answer
        assert answer.address.lower() == ANA, answer


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc"])
def test_a_report_that_nobody_objects_in_is_no_complaint(kind: str) -> None:
    assert one(complaint(kind)).kind is Kind.OTHER


def test_each_recipient_has_its_own_meaning() -> None:
    mail = plain(samples.QMAIL)
    answers = read(mail.encode(), INSTALL)
    assert [(each.address, each.kind, each.status) for each in answers] == [
        ("ana@example.net", Kind.HARD, "5.1.1"),
        ("bob@example.net", Kind.SOFT, "5.2.2"),
    ]
    assert len({each.identity for each in answers}) == 2
    assert {each.reference for each in answers} == {"0a1b2c3d-17"}


def test_a_report_names_several_recipients_with_and_without_an_empty_line_between() -> None:
    second = "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.2.2\n"
    for between in ("\n", ""):
        answers = read(report("failed", "5.1.1", more=between + second).encode())
        assert [(each.address, each.kind) for each in answers] == [
            ("ana@example.net", Kind.HARD),
            ("bob@example.net", Kind.SOFT),
        ]


def test_the_address_we_wrote_to_counts_and_not_where_it_was_passed_on() -> None:
    passed_on = report("failed", "5.1.1", final="rfc822; somebody@else.example")
    assert one(passed_on).address == ANA
    in_words = samples.EXIM.replace(
        "  ana@example.net\n", "  somebody@else.example\n    (generated from ana@example.net)\n"
    )
    assert one(plain(in_words)).address == ANA


@pytest.mark.parametrize(
    ("mail", "news", "reference"),
    [
        (report("failed", "5.1.1"), News.BOUNCED, "0a1b2c3d-17"),
        (report("failed", "5.1.1", kind="text/rfc822-headers"), News.BOUNCED, "0a1b2c3d-17"),
        (plain(samples.EXIM), News.BOUNCED, "0a1b2c3d-17"),
        (complaint(), News.COMPLAINED, "0a1b2c3d-17"),
        (
            plain("x", sender=ANA, subject="Hm", more="References: <0a1b2c3d-17@news.acme.example>\n"),
            News.REPLIED,
            "0a1b2c3d-17",
        ),
        (
            report("failed", "5.1.1", letter="Message-ID: <0a1b2c3d-18@news.acme.example>\n"),
            News.BOUNCED,
            "0a1b2c3d-18",
        ),
        (report("failed", "5.1.1", letter="Message-ID: <ffffffff-18@other.example>\n"), News.BOUNCED, ""),
        (
            report("failed", "5.1.1", letter="X-Touchbase-Reference: ffffffff-18\n"),
            News.BOUNCED,
            "ffffffff-18",
        ),
    ],
)
def test_our_id_is_found_in_what_comes_back(mail: str, news: News, reference: str) -> None:
    answer = one(mail)
    assert (answer.news, answer.reference) == (news, reference)


def test_the_words_of_the_returned_letter_mean_nothing() -> None:
    answer = one(plain("Delivery failed.\n\n--- Original message follows.\n\n" + samples.LETTER))
    assert (answer.kind, answer.bounce, answer.address) == (Kind.SOFT, Bounce.SOFT, ANA)


def test_a_forwarded_report_is_read_itself() -> None:
    inner = report("failed", "5.1.1").replace("frontier", "inner")
    forwarded = plain(
        "--outer\nContent-Type: message/rfc822\n\n" + inner + "\n--outer--\n",
        sender="me@acme.example",
        subject="Fwd",
        kind='multipart/mixed; boundary="outer"',
    )
    assert one(forwarded).kind is Kind.HARD


def test_the_same_mail_has_the_same_identity_and_its_own_date() -> None:
    mail = report("failed", "5.1.1")
    moved = "Delivered-To: somewhere@else.example\n" + mail
    assert one(mail).identity == one(moved).identity
    assert one(mail).at == datetime(2027, 1, 5, 9, 32, tzinfo=UTC)
    assert one(mail.replace("Date: Tue, 5 Jan 2027", "Date: Tue, 99 Foo 20270")).at is None


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "x-unknown", "idna", "punycode"])
def test_whatever_character_set_a_mail_claims_it_is_read(encoding: str) -> None:
    mail = plain("Empfänger unbekannt: <ana@example.net>", kind=f'text/plain; charset="{encoding}"')
    written = mail.encode("iso-8859-1" if encoding == "iso-8859-1" else "utf-8")
    answer = one(written)
    if encoding != "utf-16":
        assert (answer.address, answer.kind) == (ANA, Kind.HARD)
