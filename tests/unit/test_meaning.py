"""What the world's mail servers say, and what it means: their own replies, by provider."""

from __future__ import annotations

import pytest

from engine.model.diagnosis import meaning
from engine.model.heard import Bounce

INVALID, DISABLED, SOFT, POLICY = Bounce.INVALID, Bounce.DISABLED, Bounce.SOFT, Bounce.POLICY

REPLIES = {
    "Gmail": [
        (
            INVALID,
            "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos https://support.google.com/mail/?p=NoSuchUser",
        ),
        (
            DISABLED,
            "550 5.2.1 The email account that you tried to reach is inactive. https://support.google.com/mail/?p=DisabledUser",
        ),
        (
            SOFT,
            "552-5.2.2 The recipient's inbox is out of storage space. https://support.google.com/mail/?p=OverQuotaPerm",
        ),
        (
            SOFT,
            "450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
        ),
        (POLICY, "550-5.7.26 Your email has been blocked because the sender is unauthenticated."),
        (
            POLICY,
            "550-5.7.1 [192.0.2.7] Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain.",
        ),
        (
            POLICY,
            "421-4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
        ),
    ],
    "Microsoft": [
        (
            INVALID,
            "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [VE1EUR02FT049.eop-EUR02.prod.protection.outlook.com]",
        ),
        (
            INVALID,
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.com not found by SMTP address lookup",
        ),
        (
            INVALID,
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB5EUR01FT030.eop-EUR01.prod.protection.outlook.com]",
        ),
        (INVALID, "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found"),
        (INVALID, "550 5.4.310 DNS domain example.invalid does not exist [Message=InfoDomainNonexistent]"),
        (INVALID, "550 5.0.350 Remote server returned an error -> 550 User unknown"),
        (
            SOFT,
            "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
        ),
        (SOFT, "554 5.4.14 Hop count exceeded - possible mail loop ATTR34"),
        (SOFT, "550 5.4.312 Message expired, DNS query failed(ErrorRetry)"),
        (SOFT, "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded"),
        (POLICY, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required"),
        (
            POLICY,
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
        ),
        (POLICY, "550 5.7.606 Access denied, banned sending IP [192.0.2.7]"),
        (
            POLICY,
            "550 5.7.515 Access denied, sending domain example.org does not meet the required authentication level.",
        ),
        (POLICY, "550 5.1.8 Access denied, bad outbound sender."),
        (
            POLICY,
            "550 SC-001 (BAY004-MC1F5) Unfortunately, messages from 192.0.2.7 weren't sent. Please contact your Internet service provider since part of their network is on our block list.",
        ),
    ],
    "Yahoo and AOL": [
        (INVALID, "552 1 Requested mail action aborted, mailbox not found"),
        (
            INVALID,
            "554 delivery error: dd This user doesn't have a yahoo.com account (ana@yahoo.com) [0] - mta1.mail.yahoo.com",
        ),
        (
            INVALID,
            "554 delivery error: dd Sorry your message to ana@yahoo.com cannot be delivered. This account has been disabled or discontinued [#102].",
        ),
        (INVALID, "550 5.1.1 <ana@aol.com>: Recipient address rejected: aol.com"),
        (INVALID, "550 5.1.1 ana@aol.com: Email address could not be found, or was misspelled (G8)"),
        (
            DISABLED,
            "554 30 Sorry, your message to ana@yahoo.com cannot be delivered. This mailbox is disabled (554.30).",
        ),
        (
            POLICY,
            "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints",
        ),
        (
            POLICY,
            "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
        ),
    ],
    "iCloud": [
        (INVALID, "550 5.1.1 <ana@icloud.com>: user does not exist"),
        (SOFT, "552 5.2.2 <ana@icloud.com>: user is over quota"),
        (POLICY, "554 5.7.1 [CS01] Message rejected due to local policy."),
        (POLICY, "550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.7"),
    ],
    "Europe": [
        (
            INVALID,
            "550-Requested action not taken: mailbox unavailable 550 For explanation visit https://postmaster.web.de/case?c=r0601",
        ),
        (INVALID, "550 Benutzer unbekannt"),
        (INVALID, "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416"),
        (
            INVALID,
            "550 Message was not accepted -- invalid mailbox. Local mailbox ana@mail.ru is unavailable: user not found",
        ),
        (INVALID, "550 5.1.1 <ana@libero.it> utente sconosciuto"),
        (INVALID, "550 El usuario ana no existe"),
        (SOFT, "552 Requested mail action aborted: exceeded storage allocation; quota"),
        (SOFT, "550 Das Postfach ist voll"),
        (SOFT, "552 5.2.2 Boite aux lettres du destinataire pleine"),
        (POLICY, "554 Transaction failed: Reject due to policy restrictions."),
        (POLICY, "550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id"),
    ],
    "Asia": [
        (INVALID, "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?id=20022"),
        (INVALID, "550 User not found: ana@163.com"),
        (INVALID, "550 宛先のメールアドレスは存在しません"),
        (POLICY, "550 Mail content denied. http://service.mail.qq.com"),
    ],
    "gateways": [
        (INVALID, "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [xGFd]"),
        (INVALID, "550 #5.1.0 Address rejected ana@example.com"),
        (
            INVALID,
            "550 permanent failure for one or more recipients (ana@example.com:550 5.1.1 user unknown)",
        ),
        (POLICY, "550 permanent failure for one or more recipients (ana@example.com:blocked)"),
        (POLICY, "550 #5.7.1 Your access to submit messages to this e-mail system has been rejected."),
        (POLICY, "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"),
        (POLICY, "550 192.0.2.7 is listed at dnsbl.sorbs.net"),
        (POLICY, "554 Message refused. Your host name doesn't match with your IP address: no reverse DNS"),
    ],
    "Postfix": [
        (INVALID, 'unknown user: "ana"'),
        (
            INVALID,
            "host mx.example.com[192.0.2.9] said: 550 5.1.1 <ana@example.com>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)",
        ),
        (
            INVALID,
            "Host or domain name not found. Name service error for name=example.invalid type=A: Host not found",
        ),
        (INVALID, "Domain example.com does not accept mail (nullMX)"),
        (
            SOFT,
            "Host or domain name not found. Name service error for name=example.com type=MX: Host not found, try again",
        ),
        (SOFT, "connect to mx.example.com[192.0.2.9]:25: Connection timed out"),
        (SOFT, "mail for example.com loops back to myself"),
        (
            SOFT,
            "host mx.example.com[192.0.2.9] said: 450 4.2.0 <ana@example.com>: Recipient address rejected: Greylisted (in reply to RCPT TO command)",
        ),
        (
            POLICY,
            "host mx.example.com[192.0.2.9] said: 554 5.7.1 <ana@example.com>: Relay access denied (in reply to RCPT TO command)",
        ),
        (
            POLICY,
            "host mx.example.com[192.0.2.9] said: 450 4.1.8 <us@example.org>: Sender address rejected: Domain not found (in reply to RCPT TO command)",
        ),
        (
            POLICY,
            "host mx.example.com[192.0.2.9] said: 550 5.1.1 <us@example.org>: Sender address rejected: undeliverable address (in reply to RCPT TO command)",
        ),
        (
            POLICY,
            "host mx.example.com[192.0.2.9] said: 550 unknown user us@example.org (in reply to MAIL FROM command)",
        ),
    ],
    "Exim, sendmail, qmail": [
        (INVALID, "Unrouteable address"),
        (INVALID, "all relevant MX records point to non-existent hosts"),
        (INVALID, "550 Host unknown (Name server: example.invalid: host not found)"),
        (INVALID, "Sorry, no mailbox here by that name. (#5.1.1)"),
        (INVALID, "Sorry, I couldn't find any host named example.invalid. (#5.1.2)"),
        (SOFT, "retry timeout exceeded"),
        (SOFT, "451 example.com: Name server timeout"),
        (
            SOFT,
            "CNAME lookup failed temporarily. (#4.4.3) I'm not going to try again; this message has been in the queue too long.",
        ),
        (POLICY, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
        (
            POLICY,
            "550-Verification failed for <us@example.org> 550-The mail server could not deliver mail to us@example.org. The account or domain may not exist 550 Sender verify failed",
        ),
        (
            POLICY,
            "550 5.7.1 550 SPF check failed: this mail is not from a permitted sender; user unknown is not our reason",
        ),
    ],
}


@pytest.mark.parametrize(
    ("expected", "words"),
    [reply for replies in REPLIES.values() for reply in replies],
    ids=[f"{who}-{words[:32]}" for who, replies in REPLIES.items() for _, words in replies],
)
def test_a_reply_means_the_same_whoever_reports_it(expected: Bounce, words: str) -> None:
    assert meaning("", words) is expected
    assert meaning("5.0.0", f"smtp; {words}".upper()) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("5.1.1", INVALID),
        ("5.1.2", INVALID),
        ("5.1.3", INVALID),
        ("5.1.6", INVALID),
        ("5.1.10", INVALID),
        ("5.1.8", POLICY),
        ("5.2.1", DISABLED),
        ("5.2.2", SOFT),
        ("5.3.4", SOFT),
        ("5.4.1", SOFT),
        ("5.4.4", None),
        ("5.4.7", SOFT),
        ("5.7.1", POLICY),
        ("5.6.0", POLICY),
        ("5.0.0", None),
        ("4.1.1", SOFT),
        ("4.2.1", SOFT),
        ("4.2.2", SOFT),
        ("4.7.1", POLICY),
        ("", None),
    ],
)
def test_without_words_the_status_decides_and_a_class_alone_says_nothing(
    status: str, expected: Bounce | None
) -> None:
    assert meaning(status, "") is expected


@pytest.mark.parametrize(
    "words",
    [
        "550 5.2.2 over quota for <user.unknown@no-such-user.example>",
        "550 mailbox full, see https://example.com/user-unknown/no-such-user",
        "host user-unknown.example[192.0.2.5.1.1] said: 552 5.2.2 mailbox full",
    ],
)
def test_addresses_host_names_and_links_mean_nothing(words: str) -> None:
    assert meaning("", words) is SOFT
