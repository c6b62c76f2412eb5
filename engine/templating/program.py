"""A letter's program: everything one variant says, as stage-2 Jinja sources that need only the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.letter import Mailbox

FORMAT = 1
"""How a stored program and its stored slots are to be read. A reader keeps every format it ever wrote."""

RECORDS = ("customer", "customer.owner")
"""Personal names that are records: their attributes are values of their own, asked for one by one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Jinja source of stage 2 and the static values it reads."""

    text: str = ""
    constants: Mapping[str, object] = field(default_factory=dict)
    autoescape: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A letter that could not be divided: its templates and the static context, rendered per person.

    `html`, `text`: names in `templates`; `text` "" means that the text part is made from the HTML.
    `reason`: why it could not be divided.
    """

    templates: Mapping[str, str]
    context: Mapping[str, object]
    html: str
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One variant, compiled. With a delivery's stored slots it is the exact letter for ever.

    `subject`, `preheader`, `headers`: plain text sources. `html`: inlined. `text`: the text part; where
    `text_from_html` is true it was made from the inlined HTML and HTML values are turned to text per person.
    `personal`: the dotted names known only per person. `date`: RFC 5322 date text.
    `message_id_domain`: the domain on the right of each letter's Message-ID.
    `whole`: set where the letter could not be divided; then `html` and `text` are empty.
    """

    campaign: str
    sender: Mailbox
    reply_to: Mailbox | None
    subject: Source
    html: Source
    text: Source
    preheader: Source = Source()
    headers: tuple[tuple[str, Source], ...] = ()
    text_from_html: bool = True
    message_id_domain: str = ""
    date: str = ""
    personal: tuple[str, ...] = ("customer",)
    records: tuple[str, ...] = RECORDS
    whole: Whole | None = None
