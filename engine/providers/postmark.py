"""Postmark: whole messages in batches of 500 over its JSON API, and its webhooks.

Facts: postmarkapp.com/developer (batch emails, overview of errors, bounce types, webhooks) and the traps recorded
by django-anymail. A batch answers 200 with one result per message in order; a result may refuse its message, or
accept it and say in prose that it will not be delivered. Webhooks are not signed: a shared secret proves them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import orjson

from engine.errors import (
    AccountFault,
    BatchRefused,
    LetterError,
    NotSent,
    ProviderError,
    Unknown,
    UnsupportedFeature,
)
from engine.model.diagnosis import diagnosed
from engine.model.heard import Bounce, Heard, News, Post
from engine.model.letter import Batch, Letter, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers
from engine.providers.base import Account, Limits, Lookup, Sought
from engine.providers.headers import MADE_BY_APIS
from engine.providers.json_wire import (
    CALL_HEADERS,
    JsonWire,
    address_text,
    distinct_names,
    header_text,
    json_bytes,
)
from engine.providers.options import Options
from engine.providers.proof import check_secret
from engine.providers.reading import Entry, entries, identity, inside, moment, text

ADDRESS = "https://api.postmarkapp.com"
BATCH, MESSAGES_SENT = "/email/batch", "/messages/outbound"
MESSAGES, BYTES = 500, 50 * 1000 * 1000
REFUSED_HEADERS = MADE_BY_APIS | {"date"}
SEARCH_DAYS = 45
SEARCH_LAG = 60.0
"""Seconds before a message is sure to be found by its metadata; not documented, chosen with room to spare."""

OPTIONS = frozenset({"token", "stream", "webhook_key", "per_second", "url"})


class PostmarkWire(JsonWire):
    """One element of the array `/email/batch` takes."""

    def __init__(self, stream: str) -> None:
        self.stream = stream

    def encode(self, letter: Letter) -> bytes:
        """The message as a JSON object. Tracking is off: links and opens are the campaign's own business."""
        distinct_names(letter.headers)
        message: dict[str, object] = {
            "From": address_text("From", letter.sender),
            "To": address_text("To", letter.to),
            "Subject": header_text("Subject", letter.subject),
        }
        if letter.reply_to is not None:
            message["ReplyTo"] = address_text("Reply-To", letter.reply_to)
        message |= {field: text for field, text in bodies(letter).items() if text}
        message |= {
            "MessageStream": self.stream,
            "Tag": letter.campaign,
            "Metadata": {"reference": letter.reference},
            "TrackOpens": False,
            "TrackLinks": "None",
            "Headers": header_list(letter),
        }
        return json_bytes(message)


def bodies(letter: Letter) -> dict[str, str]:
    """The two bodies; LetterError where there is none."""
    if not letter.html and not letter.text:
        raise LetterError("the letter has no body", reason="template_error")
    return {"HtmlBody": letter.html, "TextBody": letter.text}


def header_list(letter: Letter) -> list[dict[str, str]]:
    """The letter's own headers and its Message-ID, which Postmark keeps only when told to."""
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"Postmark sets the header {name} itself", help="leave it out")
    headers = [*letter.headers]
    if letter.message_id:
        headers += [("Message-ID", letter.message_id), ("X-PM-KeepID", "true")]
    return [{"Name": name, "Value": header_text(name, value)} for name, value in headers]


class Postmark:
    """Options: `token` (server token), `stream`, `webhook_key` (a secret of our own), `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.webhook_key = read.optional("webhook_key")
        self.merge_wire = None
        self.wire = PostmarkWire(read.text("stream", "broadcast"))
        self.limits = Limits(
            messages=MESSAGES,
            bytes=BYTES,
            per_second=read.number("per_second"),
            lookup=Lookup(lag=SEARCH_LAG, retention=SEARCH_DAYS * 86400.0),
            refused_headers=REFUSED_HEADERS,
        )
        self.lane = Lane(
            read.text("url", ADDRESS),
            {**CALL_HEADERS, "X-Postmark-Server-Token": read.text("token")},
            allow_private_networks=read.allow_private_networks,
        )

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.lane.open()

    async def probe(self) -> Account:
        """See Probes: the server the token belongs to."""
        found = await accounts.ask("Postmark", self.lane, "/server")
        sandbox = text(found, "DeliveryType") == "Sandbox"
        trouble = "it is a sandbox server, which delivers nothing" if sandbox else ""
        return Account(f"server “{text(found, 'Name')}”", trouble)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call; see Provider. More than 500 messages or 50 MB is BatchRefused before anything leaves."""
        if not len(batch):
            return []
        if len(batch) > MESSAGES:
            raise BatchRefused(f"Postmark takes {MESSAGES} letters in a call, not {len(batch)}")
        body = batch.joined()
        if len(body) > BYTES:
            raise BatchRefused(f"Postmark takes {BYTES} bytes in a call, not {len(body)}")
        answer = await self.lane.post(BATCH, body)
        if answer.status == 200:
            return results(answer.body, len(batch))
        error = refusal(answer)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            return [refused(*error_of(answer.body), fallback=error.message)]
        raise error

    async def close(self) -> None:
        """Let go of the connection."""
        await self.lane.close()

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """See LooksUp; one question each, by the metadata."""
        found: dict[str, str] = {}
        for each in sought:
            question = f"count=10&offset=0&messagestream={quote(self.wire.stream)}"
            question += f"&metadata_reference={quote(each.reference, safe='')}"
            answer = await self.lane.get(f"{MESSAGES_SENT}?{question}")
            if answer.status != 200:
                raise refusal(answer)
            for message in messages_of(answer):
                if is_sought(message, each):
                    found[each.reference] = text(message, "MessageID")
        return found

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. One call is one event."""
        check_secret(post, self.webhook_key, self.name)
        return [heard for event in entries(post) for heard in news_of(event, now)]


def messages_of(answer: Answer) -> list[object]:
    """The messages of a search. NotSent: an answer that is none, so that nothing is concluded from it."""
    try:
        found = inside(orjson.loads(answer.body), "Messages")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise NotSent("Postmark's answer to a search could not be read")
    return found


def is_sought(message: object, sought: Sought) -> bool:
    """Whether a message found is the one. A search that passes over its question must not find everybody."""
    told = text(message, "Metadata", "reference")
    recipients = inside(message, "Recipients")
    people = [str(each).lower() for each in recipients] if isinstance(recipients, list) else []
    return (
        told in ("", sought.reference)
        and sought.address.lower() in people
        and bool(text(message, "MessageID"))
    )


BAD_TOKEN, MAINTENANCE, INVALID, INACTIVE, RATE_LIMIT = 10, 100, 300, 406, 429
ACCOUNT_CODES = frozenset({BAD_TOKEN, 400, 401, 405, 412, 413})
"""Token, sender signature missing or unconfirmed, credits, account pending or barred: no letter's fault."""

LATER_CODES = frozenset({MAINTENANCE, RATE_LIMIT})
SENDER_FIELD = re.compile(r"'(From|Reply-?To)'", re.IGNORECASE)
RECIPIENT_FIELD = re.compile(r"'(To|Cc|Bcc)'", re.IGNORECASE)
NEVER_DELIVERED = "will not deliver to"
SENDER_HELP = "look at the account at Postmark, and at the sender in config/senders.yaml"
HELP = {
    BAD_TOKEN: "check the server token in config/project.yaml and the secret it names",
    400: "confirm the sender's signature or domain at Postmark",
    401: "confirm the sender's signature or domain at Postmark",
    405: "look at the account at Postmark: credits, plan, limits",
    412: "Postmark has not approved the account yet",
    413: "Postmark has barred the account; write to its support",
}


def refusal(answer: Answer) -> ProviderError:
    """What an answer other than 200 means for the whole batch."""
    code, prose = error_of(answer.body)
    words = f"{code}: {prose}" if code else ""
    if code in LATER_CODES and answer.status < 500:
        said = f"Postmark answered {answer.status} ({words})"
        return NotSent(said, help="Postmark asks for patience", retry_after=answers.wanted_pause(answer))
    error = answers.refusal("Postmark", answer, words)
    if isinstance(error, NotSent):
        return error
    if isinstance(error, AccountFault) or account_at_fault(code, prose):
        return AccountFault(error.message, help=HELP.get(code, error.help or SENDER_HELP))
    return error


def error_of(body: bytes) -> tuple[int, str]:
    """The ErrorCode and Message of an error; (0, "") where the body holds none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return 0, ""
    if not isinstance(found, dict):
        return 0, ""
    code = found.get("ErrorCode")
    return (code if isinstance(code, int) else 0), str(found.get("Message", ""))


def results(body: bytes, count: int) -> list[Outcome]:
    """One outcome per message of a 200; messages the answer says nothing about are UNKNOWN.

    Raises AccountFault where every single message was turned down because of the account.
    """
    try:
        found = orjson.loads(body)
    except ValueError as error:
        raise Unknown("Postmark's answer could not be read; the letters may have been accepted") from error
    if not isinstance(found, list):
        raise Unknown("Postmark's answer is not a list; the letters may have been accepted")
    if len(found) > count:
        raise Unknown(f"Postmark answered {len(found)} results to {count} letters")
    if len(found) == count and all(map(blames_account, found)):
        code, prose = found[0]["ErrorCode"], str(found[0].get("Message", ""))
        raise AccountFault(
            f"Postmark refuses every letter ({code}: {prose})", help=HELP.get(code, SENDER_HELP)
        )
    missing = Outcome(Verdict.UNKNOWN, detail="Postmark's answer has no result for this letter")
    return [result(entry) for entry in found] + [missing] * (count - len(found))


def blames_account(entry: object) -> bool:
    """Whether a message's result is about the account or the sender, not about the message."""
    if not isinstance(entry, dict) or not isinstance(entry.get("ErrorCode"), int):
        return False
    return account_at_fault(entry["ErrorCode"], str(entry.get("Message", "")))


def account_at_fault(code: int, prose: str) -> bool:
    """Whether an ErrorCode is about the account or the sender."""
    return code in ACCOUNT_CODES or (code == INVALID and SENDER_FIELD.search(prose) is not None)


def result(entry: object) -> Outcome:
    """One message's outcome from its element of the answer."""
    if not isinstance(entry, dict):
        return Outcome(Verdict.UNKNOWN, detail="Postmark's result for this letter could not be read")
    code, prose = entry.get("ErrorCode", 0), str(entry.get("Message", ""))
    identifier = str(entry.get("MessageID") or "")
    if code == 0 and NEVER_DELIVERED in prose:
        return Outcome(Verdict.REFUSED, provider_id=identifier, detail=prose, suppress=True)
    if code == 0 and identifier:
        return Outcome(Verdict.ACCEPTED, provider_id=identifier, detail="" if prose == "OK" else prose)
    if not isinstance(code, int) or code == 0:
        return Outcome(Verdict.UNKNOWN, detail=prose or "Postmark's result has no id")
    return refused(code, prose)


def refused(code: int, prose: str, fallback: str = "") -> Outcome:
    """The outcome of one message with an ErrorCode. What is not about the message may be tried again."""
    detail = f"{code}: {prose}" if code else fallback
    if code in LATER_CODES or account_at_fault(code, prose):
        return Outcome(Verdict.RETRY, detail=detail)
    dead = code == INACTIVE or (code == INVALID and RECIPIENT_FIELD.search(prose) is not None)
    return Outcome(Verdict.REFUSED, detail=detail, suppress=dead)


NEWS = {
    "Delivery": News.DELIVERED,
    "SpamComplaint": News.COMPLAINED,
    "Open": News.OPENED,
    "Click": News.CLICKED,
}
MOMENTS = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")
BOUNCES: dict[str, tuple[News, Bounce | None]] = {
    "Transient": (News.DEFERRED, None),
    "DnsError": (News.DEFERRED, None),
    "OpenRelayTest": (News.DEFERRED, None),
    "Unsubscribe": (News.UNSUBSCRIBED, None),
    "Subscribe": (News.SUBSCRIBED, None),
    "AutoResponder": (News.AUTO_REPLIED, None),
    "AddressChange": (News.AUTO_REPLIED, None),
    "ChallengeVerification": (News.AUTO_REPLIED, None),
    "SpamComplaint": (News.COMPLAINED, None),
    "SpamNotification": (News.BOUNCED, Bounce.POLICY),
    "VirusNotification": (News.BOUNCED, Bounce.POLICY),
    "Blocked": (News.BOUNCED, Bounce.POLICY),
    "DMARCPolicy": (News.BOUNCED, Bounce.POLICY),
    "BadEmailAddress": (News.REFUSED, Bounce.INVALID),
    "ManuallyDeactivated": (News.REFUSED, Bounce.SUPPRESSED),
    "Unconfirmed": (News.REFUSED, Bounce.POLICY),
    "SMTPApiError": (News.REFUSED, Bounce.POLICY),
    "TemplateRenderingFailed": (News.REFUSED, Bounce.POLICY),
}
"""What Postmark calls a bounce. The others (HardBounce, SoftBounce, Unknown …) are read by their words."""


def news_of(event: Entry, now: datetime) -> list[Heard]:
    """One event as news; none where it is of no interest."""
    news, bounce = meaning(event)
    if news is None:
        return []
    own = text(event, "ID")
    return [
        Heard(
            news,
            moment(next((event[name] for name in MOMENTS if event.get(name)), None), now),
            f"{text(event, 'RecordType')} {own}" if own else identity(event),
            reference=text(event, "Metadata", "reference"),
            provider_id=text(event, "MessageID"),
            address=text(event, "Recipient") or text(event, "Email"),
            bounce=bounce,
            detail=words_of(event),
            url=text(event, "OriginalLink"),
            agent=text(event, "UserAgent"),
            ip=text(event, "Geo", "IP"),
        )
    ]


def meaning(event: Entry) -> tuple[News | None, Bounce | None]:
    """What an event says, and why a letter came back."""
    record, kind = text(event, "RecordType"), text(event, "Type")
    if record == "SubscriptionChange":
        return subscription(event)
    if record != "Bounce":
        return NEWS.get(record), None
    if kind in BOUNCES:
        return BOUNCES[kind]
    return News.BOUNCED, diagnosed("", words_of(event), hard=kind == "HardBounce")


def subscription(event: Entry) -> tuple[News | None, Bounce | None]:
    """An address put on Postmark's list of those it does not send to, or taken off it."""
    if event.get("SuppressSending") is False:
        return News.SUBSCRIBED, None
    reason = text(event, "SuppressionReason")
    if reason == "HardBounce":
        return News.REFUSED, Bounce.SUPPRESSED
    return (News.COMPLAINED if reason == "SpamComplaint" else News.UNSUBSCRIBED), None


def words_of(event: Entry) -> str:
    """The receiving server's words, or Postmark's where there are none."""
    return text(event, "Details") or text(event, "Description")
