"""SendGrid: one letter for up to 1000 people in a call (legacy substitutions), or one whole letter a call.

Facts: twilio.com/docs/sendgrid (mail send and its limitations, personalizations, substitution tags, event
webhook and its security), its OpenAPI document, and the traps recorded by django-anymail. A 202 says nothing of
single people and has one id for all of them: what became of each is told by events, which carry our reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import orjson

from engine import clock
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
from engine.model.letter import Batch, Frame, Letter, Mailbox, Outcome, Verdict
from engine.network.lane import Answer, Lane
from engine.providers import accounts, answers, identities
from engine.providers.base import TOKEN, Account, Limits, Lookup, Sought
from engine.providers.headers import MADE_BY_APIS, quoted
from engine.providers.json_wire import CALL_HEADERS, ObjectWire, distinct_names, header_text, json_bytes
from engine.providers.mailboxes import PLAIN_NAME
from engine.providers.merging import check_mergeable, name_of, nonce, tagged, tokens_in, unmarked
from engine.providers.options import Options
from engine.providers.proof import check_elliptic, check_fresh, key_of, unproven
from engine.providers.reading import Entry, entries, identity, inside, moment, text
from engine.providers.singles import SINGLE_MESSAGES, Singles

ADDRESS = "https://api.sendgrid.com"
SEND, MESSAGES = "/v3/mail/send", "/v3/messages"
MERGED, BYTES = 1000, 30 * 1000 * 1000
LONGEST_VALUES = 10_000
"""Bytes of substitutions for one person; newer pages say 50,000, the API reference 10,000."""

REFUSED_HEADERS = MADE_BY_APIS | {"x-sg-id", "x-sg-eid"}
REPLACED_HEADERS = frozenset({"date"})
MARK = "-tbmerge-"
"""How our tags begin. Letters, digits and hyphens, as SendGrid advises: nothing that HTML would encode."""

SUBSTITUTED = frozenset({"html", "text", "Subject"})
"""Where SendGrid fills in, says its document; the other places of a value are one person's own."""

SEARCH_DAYS = 30
SEARCH_LAG = 600.0
"""Seconds before a message is sure to be in the activity feed; not documented, chosen with room to spare."""

RETRIED = 24 * 3600.0 + 300
"""Seconds: SendGrid repeats a call for a day, and whether it signs it anew is not documented."""

OPTIONS = frozenset({"token", "webhook_key", "merge", "per_second", "url"})
NO_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
"""Links and opens are the campaign's own business."""


class SendgridWire(ObjectWire):
    """A whole letter: the body of one call."""

    def frame(self, letter: Letter) -> Frame:
        """Each letter is a call of its own."""
        return Frame()

    def encode(self, letter: Letter) -> bytes:
        """The letter for its one recipient."""
        body = self.common(letter)
        return json_bytes(
            {"personalizations": [self.envelope(letter)], **body, "subject": subject_of(letter)}
        )

    def written(self, place: str, mailbox: Mailbox) -> dict[str, str]:
        """Recipients' names are quoted: SendGrid itself does not, and a comma would end the name (anymail)."""
        found = super().written(place, mailbox)
        if place == "To" and "name" in found and not PLAIN_NAME.fullmatch(found["name"]):
            found["name"] = quoted(found["name"])
        return found

    def common(self, letter: Letter) -> dict[str, object]:
        """What does not depend on the person."""
        bodies = [("text/plain", letter.text), ("text/html", letter.html)]
        content = [{"type": kind, "value": value} for kind, value in bodies if value]
        if not content:
            raise LetterError("the letter has no body", reason="template_error")
        body: dict[str, object] = {"from": self.mailbox_object("From", letter.sender), "content": content}
        if letter.reply_to is not None:
            body["reply_to"] = self.mailbox_object("Reply-To", letter.reply_to)
        if letter.campaign:
            body["categories"] = [letter.campaign]
        return body | {"tracking_settings": NO_TRACKING}

    def envelope(self, letter: Letter) -> dict[str, object]:
        """One person's part. All headers stand here: how those of the letter would combine is not documented."""
        distinct_names(letter.headers)
        for name, _ in letter.headers:
            if name.lower() in REFUSED_HEADERS:
                raise UnsupportedFeature(f"SendGrid sets the header {name} itself", help="leave it out")
        headers = [*letter.headers, *([("Message-ID", letter.message_id)] if letter.message_id else [])]
        return {
            "to": [self.mailbox_object("To", letter.to)],
            "headers": {
                name: header_text(name, value)
                for name, value in headers
                if name.lower() not in REPLACED_HEADERS
            },
            "custom_args": {"reference": letter.reference},
        }


def subject_of(letter: Letter) -> str:
    """The subject; SendGrid refuses a call without one."""
    if not letter.subject:
        raise LetterError(
            "the letter has no subject, and SendGrid sends none without", reason="template_error"
        )
    return header_text("Subject", letter.subject)


class SendgridMergeWire(SendgridWire):
    """One letter with tags, and for each person what stands where."""

    merges = True
    longest = LONGEST_VALUES

    def frame(self, letter: Letter) -> Frame:
        """The letter up to its list of people."""
        check_mergeable(letter)
        tag = tag_of(letter)
        body = self.common(letter)
        body["content"] = [
            {"type": kind, "value": tagged(value, tag)}
            for kind, value in (("text/plain", letter.text), ("text/html", letter.html))
            if value
        ]
        if not TOKEN.search(letter.subject):
            body["subject"] = subject_of(letter)
        return Frame(json_bytes(body)[:-1] + b',"personalizations":[', b",", b"]}", merged=True)

    def encode(self, letter: Letter) -> bytes:
        """One person's values."""
        person = self.envelope(letter)
        if TOKEN.search(letter.subject):
            person["subject"] = header_text("Subject", letter.subject)
        tag = tag_of(letter)
        values = {tag(token): token for token in tokens_in(letter.text, letter.html)}
        return json_bytes({**person, **({"substitutions": values} if values else {})})

    def escape(self, place: str, value: str) -> bytes:
        """See Wire; UnsupportedFeature for a value with one of our tags in it, where SendGrid would fill it in."""
        return self.escaper(place)(value)

    def escaper(self, place: str) -> Callable[[str], bytes]:
        """`escape` for one place, what can be looked up beforehand looked up."""
        escape = SendgridWire().escaper(place)
        return unmarked(escape, MARK) if place in SUBSTITUTED else escape

    def stands(self, place: str) -> Callable[[str], bool] | None:
        """As in a whole letter, where none of our tags is among the values."""
        stand = SendgridWire().stands(place)
        if stand is None or place not in SUBSTITUTED:
            return stand
        return lambda joined: MARK not in joined and stand(joined)


def tag_of(letter: Letter) -> Callable[[str], str]:
    """What makes the tags of a letter from its tokens; they stand nowhere else in it."""
    digits = nonce((letter.subject, letter.text, letter.html), lambda found: MARK + found)
    return lambda token: f"{MARK}{digits}-{name_of(token)}-"


class Sendgrid:
    """Options: `token` (an API key), `webhook_key` (the public key of signed events), `merge`, `per_second`, `url`."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        read = Options(name, options, OPTIONS)
        self.name = name
        self.webhook_key = read.optional("webhook_key")
        self.wire = SendgridWire()
        self.merge_wire = SendgridMergeWire() if read.yes("merge", True) else None
        self.limits = Limits(
            messages=SINGLE_MESSAGES,
            merged=MERGED if self.merge_wire else 0,
            bytes=BYTES,
            per_second=read.number("per_second"),
            lookup=Lookup(lag=SEARCH_LAG, retention=SEARCH_DAYS * 86400.0),
            refused_headers=REFUSED_HEADERS,
            replaced_headers=REPLACED_HEADERS,
        )
        url = read.text("url", ADDRESS)
        headers = {**CALL_HEADERS, "Authorization": f"Bearer {read.text('token')}"}
        private = read.allow_private_networks
        self.singles = Singles(lambda: Lane(url, headers, allow_private_networks=private))

    async def open(self) -> None:
        """Prepare the connection; raises NotSent when the API's name is unknown, AddressRefused."""
        await self.singles.open()

    async def close(self) -> None:
        """Let go of the connections."""
        await self.singles.close()

    async def probe(self) -> Account:
        """See Probes: what the key may do."""
        scopes = accounts.listed(await accounts.ask("SendGrid", self.singles.first, "/v3/scopes"), "scopes")
        missing = "" if "mail.send" in scopes else "this key may not send: give it the permission mail.send"
        return Account(f"a key with {len(scopes)} permissions", missing)

    async def vouch(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """See Vouches: by the verified senders and the authenticated domains."""
        lane = self.singles.first
        senders = accounts.listed(await accounts.ask("SendGrid", lane, "/v3/verified_senders"), "results")
        domains = accounts.items(
            await lane.get(f"/v3/whitelabel/domains?limit={identities.AT_ONCE}"), "SendGrid"
        )
        verified = [text(each, "from_email") for each in senders if inside(each, "verified") is True]
        verified += [text(each, "domain") for each in domains if inside(each, "valid") is True]
        return identities.judged(addresses, verified, complete=len(domains) < identities.AT_ONCE)

    async def send(self, batch: Batch) -> list[Outcome]:
        """One call for a merged batch, one call a letter otherwise; see Provider."""
        if not len(batch):
            return []
        if not batch.frame.merged:
            return await self.singles.send(batch, self.one)
        if len(batch) > MERGED:
            raise BatchRefused(f"SendGrid takes {MERGED} people in a call, not {len(batch)}")
        return await self.call(self.singles.first, batch)

    async def one(self, lane: Lane, batch: Batch) -> Outcome:
        """One whole letter."""
        return (await self.call(lane, batch))[0]

    async def call(self, lane: Lane, batch: Batch) -> list[Outcome]:
        """One call with everything in the batch: it is taken as a whole or not at all."""
        body = batch.joined()
        if len(body) > BYTES:
            raise BatchRefused(f"SendGrid takes {BYTES} bytes in a call, not {len(body)}")
        answer = await lane.post(SEND, body)
        if answer.status == 202:
            identifier = answer.headers.get("x-message-id", "").strip()
            if not identifier:
                raise Unknown("SendGrid's answer has no id; the letters may have been accepted")
            return [Outcome(Verdict.ACCEPTED, f"{identifier}/{reference}") for reference in batch.references]
        error, field = refusal(answer)
        if len(batch) == 1 and isinstance(error, BatchRefused):
            dead = field.startswith("personalizations") and ".to" in field
            return [Outcome(Verdict.REFUSED, detail=error.message, suppress=dead)]
        raise error

    async def look_up(self, sought: Sequence[Sought]) -> Mapping[str, str]:
        """See LooksUp; one question each. Needs the paid activity history: without it the search fails."""
        found: dict[str, str] = {}
        for each in sought:
            query = quote(f"(unique_args['reference']=\"{each.reference}\")", safe="")
            answer = await self.singles.first.get(f"{MESSAGES}?query={query}&limit=10")
            if answer.status != 200:
                raise refusal(answer)[0]
            for message in messages_of(answer):
                # Should the feed ever pass over the question, its answer must not count for everybody.
                if text(message, "to_email").lower() == each.address.lower() and text(message, "msg_id"):
                    found[each.reference] = f"{first_part(text(message, 'msg_id'))}/{each.reference}"
        return found

    async def hear(self, post: Post, now: datetime) -> list[Heard]:
        """See Hears. One call brings many events."""
        key = key_of(self.webhook_key, self.name)
        signed = post.headers.get("x-twilio-email-event-webhook-timestamp", "")
        claimed = post.headers.get("x-twilio-email-event-webhook-signature", "")
        check_elliptic(key, signed.encode() + post.body, claimed, self.name)
        if not (signed.isascii() and signed.isdigit()):
            raise unproven(self.name, "the signature has no moment")
        check_fresh(float(signed), now, self.name, RETRIED)
        return [heard for event in entries(post) for heard in news_of(event, now)]


def refusal(answer: Answer) -> tuple[ProviderError, str]:
    """What an answer other than 202 means for the whole call, and the field it complains of."""
    field, prose = complaint(answer.body)
    error = answers.refusal("SendGrid", answer, ": ".join(filter(None, (field, prose))), pause(answer))
    if isinstance(error, BatchRefused) and field.split(".")[0] in ("from", "reply_to"):
        error = AccountFault(error.message, help="look at the sender in config/senders.yaml and at SendGrid")
    return error, field


def complaint(body: bytes) -> tuple[str, str]:
    """The field and the words of the first error in an answer; "" where it holds none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return "", ""
    errors = inside(found, "errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return text(first, "field"), text(first, "message")


def pause(answer: Answer) -> float | None:
    """How long to wait: Retry-After, or until the moment at which the limit begins anew (seconds since 1970)."""
    asked = answers.wanted_pause(answer)
    if asked is not None:
        return asked
    try:
        return answers.bounded(float(answer.headers.get("x-ratelimit-reset", "")) - clock.now().timestamp())
    except ValueError:
        return None


def messages_of(answer: Answer) -> list[object]:
    """The messages of a search. NotSent: an answer that is none, so that nothing is concluded from it."""
    try:
        found = inside(orjson.loads(answer.body), "messages")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise NotSent("SendGrid's answer to a search could not be read")
    return found


def first_part(identifier: str) -> str:
    """What a message's id has in common with the id of the call that sent it."""
    return identifier.partition(".")[0]


NEWS = {
    "delivered": News.DELIVERED,
    "deferred": News.DEFERRED,
    "bounce": News.BOUNCED,
    "dropped": News.REFUSED,
    "spamreport": News.COMPLAINED,
    "open": News.OPENED,
    "click": News.CLICKED,
    "unsubscribe": News.UNSUBSCRIBED,
    "group_unsubscribe": News.UNSUBSCRIBED,
    "group_resubscribe": News.SUBSCRIBED,
}
"""`processed` says only that SendGrid has begun, which its answer said before."""

DROPPED = {
    "bounced address": Bounce.SUPPRESSED,
    "unsubscribed address": Bounce.SUPPRESSED,
    "spam reporting address": Bounce.SUPPRESSED,
    "invalid": Bounce.INVALID,
}
"""Why a letter was not tried. Everything else (spam content, a quota, a header) is the sender's matter."""


def news_of(event: Entry, now: datetime) -> list[Heard]:
    """One event as news; none where it is of no interest."""
    kind, news = text(event, "event"), NEWS.get(text(event, "event"))
    if news is None:
        return []
    identifier, reference = first_part(text(event, "sg_message_id")), text(event, "reference")
    own = text(event, "sg_event_id")
    return [
        Heard(
            news,
            moment(event.get("timestamp"), now),
            f"{kind} {own}" if own else identity(event),
            reference=reference,
            provider_id=f"{identifier}/{reference}" if reference else identifier,
            address=text(event, "email"),
            bounce=bounce_of(event, news),
            detail=text(event, "reason") or text(event, "response"),
            url=text(event, "url"),
            agent=text(event, "useragent"),
            ip=text(event, "ip"),
            machine=event.get("sg_machine_open") is True,
        )
    ]


def bounce_of(event: Entry, news: News) -> Bounce | None:
    """Why a letter came back or was not tried. `blocked` is never about the address."""
    if news is News.REFUSED:
        return DROPPED.get(text(event, "reason").lower(), Bounce.POLICY)
    if news is News.BOUNCED:
        return diagnosed(text(event, "status"), text(event, "reason"), hard=text(event, "type") == "bounce")
    return None
