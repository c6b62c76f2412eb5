"""The fixed part of every letter a program makes, and the letter itself from its slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup, escape

from engine.model.letter import Letter, Mailbox
from engine.templating.filler.nodes import Body
from engine.templating.filler.replay import told
from engine.templating.filler.values import clean
from engine.templating.program import Program

ADDRESS, NAME, REFERENCE, MESSAGE_ID = 1, 2, 3, 4
"""Where every letter's slots hold what the program does not decide. Slot 0 says whether any text is Markup."""

FIRST = 5
"""The first slot of the program's own values."""

SYSTEM = ("to.address", "to.name", "reference", "message_id")


def html_value(value: str) -> str:
    """A personal value inside HTML."""
    return clean(value if isinstance(value, Markup) else str(escape(value)))


def text_writer(text_from_html: bool) -> Callable[[str], str]:
    """A personal value inside the text part: HTML becomes text where the part was made from HTML."""
    if not text_from_html:
        return lambda value: str(value)

    def write(value: str) -> str:
        if not isinstance(value, Markup):
            return value
        from engine.templating.plaintext import fragment_text

        return fragment_text(str(value))

    return write


def letter_of(program: Program, bodies: dict[str, Body], slots: Sequence[Any]) -> Letter:
    """The letter that these slots make, node by node."""
    plain = text_writer(program.text_from_html)
    return Letter(
        sender=program.sender,
        reply_to=program.reply_to,
        to=Mailbox(slots[NAME], slots[ADDRESS]),
        subject=told(bodies["Subject"], slots, str),
        html=told(bodies["html"], slots, html_value),
        text=told(bodies["text"], slots, lambda value: clean(plain(value))),
        message_id=slots[MESSAGE_ID],
        date=program.date,
        reference=slots[REFERENCE],
        campaign=program.campaign,
        headers=tuple((name, told(bodies[name], slots, str)) for name, _ in program.headers),
    )
