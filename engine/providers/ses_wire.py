"""A letter in the format of Amazon SES: whole, or once with tags for up to fifty people.

Letters go as "Simple" content, whose parts SES puts together: a raw message would be base64 inside JSON, which leaves
no place for personal values. Merged ones are inline templates: SES replaces `{{tag}}` and escapes nothing (its
guide to personalisation says so of the HTML part).
"""

from __future__ import annotations

import re

from engine.errors import LetterError, UnsupportedFeature
from engine.model.letter import Frame, Letter, Mailbox
from engine.providers.base import TOKEN
from engine.providers.headers import MADE_BY_APIS, header_value, unfolded, unsafe, whole_token
from engine.providers.json_wire import JsonWire, distinct_names, header_text, inside_string, json_bytes
from engine.providers.mailboxes import MAILBOX_HEADERS, header_mailbox, is_simple, is_token, read_mailbox
from engine.providers.merging import check_braces, check_mergeable, name_of, refuse_marks, tagged, tokens_in
from engine.providers.mime_wire import REFERENCE

REPLACED_HEADERS = frozenset({"message-id", "date"})
"""SES overwrites both with its own."""

REFUSED_HEADERS = MADE_BY_APIS | {"x-touchbase-reference"}
MOST_HEADERS, LONGEST_VALUE, LONGEST_HEADER = 15, 995, 996
LONGEST_MAILBOX = 320
WRITTEN = frozenset({"html", "text", "Subject"})
"""What may be any text; every other value is a header's."""

LARGEST_TEMPLATE, LONGEST_VALUES = 700_000, 200_000
"""Bytes of one letter's frame and of one person's values: a call with a template in it may have 1 MB."""

TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


class SesWire(JsonWire):
    """The body of one SendEmail call."""

    def __init__(self, configuration_set: str = "") -> None:
        self.configuration_set = configuration_set

    def frame(self, letter: Letter) -> Frame:
        """Messages stand alone."""
        return Frame()

    def encode(self, letter: Letter) -> bytes:
        """The call as a JSON object."""
        bodies = {"Html": letter.html, "Text": letter.text}
        parts = {name: {"Data": body, "Charset": "UTF-8"} for name, body in bodies.items() if body}
        if not parts:
            raise LetterError("the letter has no body", reason="template_error")
        subject = {"Data": header_text("Subject", letter.subject), "Charset": "UTF-8"}
        simple = {"Subject": subject, "Body": parts, "Headers": headers_of(letter)}
        destination = {"ToAddresses": [address_text("To", letter.to)]}
        call = {"Destination": destination, "Content": {"Simple": simple}, "EmailTags": tags(letter)}
        return json_bytes({**self.common(letter), **call})

    def common(self, letter: Letter) -> dict[str, object]:
        """What does not depend on the person."""
        call: dict[str, object] = {"FromEmailAddress": address_text("From", letter.sender)}
        if letter.reply_to is not None:
            call["ReplyToAddresses"] = [address_text("Reply-To", letter.reply_to)]
        if self.configuration_set:
            call["ConfigurationSetName"] = self.configuration_set
        return call

    def escape(self, place: str, value: str) -> bytes:
        """One value inside its JSON string; see Wire."""
        if place == "reference":
            return tag_text(value).encode()
        if place in WRITTEN or place.lower() in MAILBOX_HEADERS:
            return super().escape(place, value)
        return inside_string(plain_value(place, value))

    def mailbox(self, place: str, value: str) -> bytes:
        """A mailbox in its text form, inside a JSON string."""
        return value.encode() if is_simple(value) else inside_string(mailbox_text(place, read_mailbox(value)))


class SesMergeWire(SesWire):
    """One letter as an inline template, and for each person what stands where."""

    merges = True
    longest = LONGEST_VALUES

    def frame(self, letter: Letter) -> Frame:
        """The call up to its list of people."""
        check_mergeable(letter)
        check_braces(letter.subject, letter.html, letter.text)
        parts = {"Subject": header_text("Subject", letter.subject), "Html": letter.html, "Text": letter.text}
        content = {name: tagged(part, tag) for name, part in parts.items() if part or name == "Subject"}
        shared = [each for each in headers_of(letter) if not TOKEN.search(each["Value"])]
        template = {"TemplateContent": content, "TemplateData": "{}", "Headers": shared}
        call = {**self.common(letter), "DefaultContent": {"Template": template}}
        opening = json_bytes(call)[:-1] + b',"BulkEmailEntries":['
        if len(opening) > LARGEST_TEMPLATE:
            raise UnsupportedFeature(
                f"SES takes no template of {len(opening)} bytes in a call; the letter is sent whole"
            )
        return Frame(opening, b",", b"]}", merged=True)

    def encode(self, letter: Letter) -> bytes:
        """One person's values, as JSON inside a text."""
        values = {key_of_tag(token): token for token in tokens_in(letter.subject, letter.html, letter.text)}
        entry = {
            "Destination": {"ToAddresses": [address_text("To", letter.to)]},
            "ReplacementTags": tags(letter),
            "ReplacementEmailContent": {
                "ReplacementTemplate": {"ReplacementTemplateData": json_bytes(values).decode()}
            },
            "ReplacementHeaders": [each for each in headers_of(letter) if TOKEN.search(each["Value"])],
        }
        return json_bytes({name: value for name, value in entry.items() if value})

    def escape(self, place: str, value: str) -> bytes:
        """See Wire. Values of the template are escaped twice; UnsupportedFeature for one that looks like a tag."""
        written = super().escape(place, value)
        if place not in WRITTEN:
            return written
        refuse_marks(value, "{{")
        return inside_string(written.decode())


def tag(token: str) -> str:
    """What stands for a token in the letter."""
    return f"{{{{{key_of_tag(token)}}}}}"


def key_of_tag(token: str) -> str:
    """The name of a token's value."""
    return f"t{name_of(token)}"


def address_text(place: str, mailbox: Mailbox) -> str:
    """A mailbox as SES reads it, or the token that stands for one."""
    return mailbox.address if is_token(mailbox) else mailbox_text(place, mailbox)


def mailbox_text(place: str, mailbox: Mailbox) -> str:
    """A mailbox in ASCII on one line: names outside ASCII as encoded words (RFC 2047)."""
    written = unfolded(header_mailbox(place, mailbox))
    if len(written) > LONGEST_MAILBOX:
        raise unsafe(f"{place} is longer than the {LONGEST_MAILBOX} characters that SES takes")
    return written


def headers_of(letter: Letter) -> list[dict[str, str]]:
    """The letter's own headers and our reference; at most fifteen, in printable ASCII."""
    distinct_names(letter.headers)
    for name, _ in letter.headers:
        if name.lower() in REFUSED_HEADERS:
            raise UnsupportedFeature(f"SES sets the header {name} itself", help="leave it out")
    wanted = [*letter.headers, *([(REFERENCE, letter.reference)] if letter.reference else [])]
    headers = [
        {"Name": name, "Value": plain_value(name, value)}
        for name, value in wanted
        if name.lower() not in REPLACED_HEADERS
    ]
    if len(headers) > MOST_HEADERS:
        raise UnsupportedFeature(f"SES takes {MOST_HEADERS} headers in a letter, not {len(headers)}")
    return headers


def plain_value(name: str, value: str) -> str:
    """A header's value in printable ASCII on one line."""
    if whole_token(value):
        return value
    written = unfolded(header_value(name if name != REFERENCE else "reference", value))
    if len(written) > LONGEST_VALUE or len(name) + len(written) > LONGEST_HEADER:
        raise unsafe(f"{name} is longer than the {LONGEST_VALUE} characters that SES takes")
    return written


def tags(letter: Letter) -> list[dict[str, str]]:
    """What SES gives back in events: our reference, and the campaign's name."""
    campaign = re.sub(r"[^A-Za-z0-9_-]", "_", letter.campaign)
    found = {"campaign": campaign, "reference": tag_text(letter.reference)}
    return [{"Name": name, "Value": value} for name, value in found.items() if value]


def tag_text(reference: str) -> str:
    """Our reference as a tag's value."""
    if reference and not whole_token(reference) and not TAG.fullmatch(reference):
        raise LetterError("a reference must be letters, digits, - and _", reason="unsafe_header")
    return reference
