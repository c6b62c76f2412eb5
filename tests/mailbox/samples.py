"""Mails as the world's programs write them, by hand: bounces, complaints, automatic answers, and mails that are none."""

from __future__ import annotations

INSTALL = "0a1b2c3d"

LETTER = """\
Received: from out.acme.example by mx.example.net; Tue, 5 Jan 2027 09:31:00 +0000
From: Acme Reading Room <hello@news.acme.example>
To: Ana <ana@example.net>
Subject: User unknown? Our spam policy, and why your mailbox is full
Message-ID: <0a1b2c3d-17@news.acme.example>
X-Touchbase-Reference: 0a1b2c3d-17
List-Unsubscribe: <https://letters.acme.example/u/abc>

Hello Ana, write to nobody@example.org if this account is disabled.
"""


def report(
    action: str,
    status: str,
    diagnosis: str = "",
    *,
    said: str = "It could not be delivered.",
    original: str = "rfc822;ana@example.net",
    final: str = "rfc822;ana@example.net",
    kind: str = "message/rfc822",
    letter: str = LETTER,
    more: str = "",
) -> str:
    """A report of delivery as RFC 3464 has it."""
    fields = [f"Original-Recipient: {original}"] if original else []
    fields += [f"Final-Recipient: {final}", f"Action: {action}", f"Status: {status}"]
    fields += [f"Diagnostic-Code: {diagnosis}"] if diagnosis else []
    return f"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: bounces@news.acme.example
Subject: Undelivered Mail Returned to Sender
Date: Tue, 5 Jan 2027 09:32:00 +0000
Message-ID: <report-1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="frontier"

--frontier
Content-Type: text/plain

{said}

--frontier
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 5 Jan 2027 09:31:00 +0000

{chr(10).join(fields)}
{more}
--frontier
Content-Type: {kind}

{letter}
--frontier--
"""


def plain(
    body: str,
    *,
    sender: str = "MAILER-DAEMON@mx.example.net",
    subject: str = "failure notice",
    more: str = "",
    kind: str = "text/plain; charset=utf-8",
) -> str:
    """A mail of one part."""
    return f"""\
From: {sender}
To: bounces@news.acme.example
Subject: {subject}
Date: Tue, 5 Jan 2027 09:32:00 +0000
Message-ID: <plain-1@mx.example.net>
{more}Content-Type: {kind}

{body}
"""


def complaint(kind: str = "abuse", recipient: str = "Original-Rcpt-To: <ana@example.net>\n") -> str:
    """A report of abuse as RFC 5965 has it."""
    return f"""\
From: <abuse@example.net>
To: fbl@news.acme.example
Subject: FW: Our monthly letter
Date: Tue, 5 Jan 2027 10:00:00 +0000
Message-ID: <fbl-1@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="frontier"

--frontier
Content-Type: text/plain

This is an email abuse report for an email message received from IP 192.0.2.7.

--frontier
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{recipient}
--frontier
Content-Type: message/rfc822

{LETTER}
--frontier--
"""


EXIM = (
    """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ana@example.net
    host mx.example.net [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:<ana@example.net>:
    550 5.1.1 <ana@example.net>: User unknown

------ This is a copy of the message, including all the headers. ------

"""
    + LETTER
)

QMAIL = (
    """\
Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

<bob@example.net>:
The user's mailbox is over quota. (#5.2.2)

--- Below this line is a copy of the message.

"""
    + LETTER
)

GMAIL = """\
** Address not found **

Your message wasn't delivered to ana@example.net because the address couldn't be found, or is unable to receive mail.

Learn more here: https://support.google.com/mail/?p=NoSuchUser

The response was:

550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email
address for typos or unnecessary spaces.
"""

EXCHANGE = """\
Delivery has failed to these recipients or groups:

ana@example.net<mailto:ana@example.net>
The email address you entered couldn't be found. Please check the recipient's email address and try to resend the
message. If the problem continues, please contact your email admin.

Diagnostic information for administrators:

Generating server: AM6PR01MB0001.eurprd01.prod.exchangelabs.com

ana@example.net
Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.net not found by SMTP
address lookup'

Original message headers:

Received: from AM5EUR02FT001.eop-EUR02.prod.protection.outlook.com
From: Acme <hello@news.acme.example>
To: ana@example.net
"""

OLD_EXCHANGE = """\
Your message

  To:      everybody@lists.example.org
  Subject: Our monthly letter
  Sent:    Tue, 5 Jan 2027 09:30:00 -0000

did not reach the following recipient(s):

ana@example.net on Tue, 5 Jan 2027 09:32:00 -0000
    The recipient name is not recognized
"""

SENDMAIL = (
    """\
The original message was received at Tue, 5 Jan 2027 09:31:00 GMT
from out.acme.example [192.0.2.7]

   ----- The following addresses had permanent fatal errors -----
<ana@example.net>
    (reason: 550 5.1.1 User unknown)

   ----- Transcript of session follows -----
... while talking to mx.example.net.:
>>> RCPT To:<ana@example.net>
<<< 550 5.1.1 User unknown
550 5.1.1 <ana@example.net>... User unknown

   ----- Original message follows -----

"""
    + LETTER
)

GERMAN = """\
Diese E-Mail wurde automatisch erzeugt.

Ihre Nachricht konnte an folgende Empfänger nicht zugestellt werden:

ana@example.net:
Das Postfach des Empfängers ist voll.
"""

DELAYED = """\
This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.net.

The address to which the message has not yet been delivered is:

  ana@example.net
    Delay reason: host mx.example.net [192.0.2.9]: 550 user unknown

No action is required on your part. Delivery attempts will continue for some time.
"""

OUT_OF_OFFICE = """\
Thank you for your message. I am out of the office until Monday and will answer then.
If it is urgent, write to colleague@example.net. Mailbox unavailable, user unknown, just joking.
"""

CHALLENGE = """\
I am protecting myself from receiving junk mail. Please click the link below to verify that you are a person:
https://challenge.example.net/verify
"""

HTML = """\
<html><head><style>p { color: red }</style></head><body><p>Your message could not be delivered.</p>
<div>Recipient: <b>ana@example.net</b></div><div>Reason: 550 No such user here</div></body></html>
"""
