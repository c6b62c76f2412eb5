"""Programs to bytes and back: JSON, with the few values JSON cannot say marked by their kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
from markupsafe import Markup

from engine.errors import StoreCorrupt
from engine.model.letter import Mailbox
from engine.templating.program import FORMAT, Program, Source, Whole

KIND, CONTENT = "$", "v"
"""An object with the key KIND is not a plain mapping: it says which kind of value CONTENT is."""


def dump(program: Program) -> bytes:
    """The program as JSON; TypeError where its constants hold anything but plain data."""
    html = program.html
    return orjson.dumps(
        {
            "format": FORMAT,
            "campaign": program.campaign,
            "sender": [program.sender.name, program.sender.address],
            "reply_to": [program.reply_to.name, program.reply_to.address] if program.reply_to else None,
            "subject": dump_source(program.subject),
            "preheader": dump_source(program.preheader),
            "html": dump_source(html),
            # A text part made from the HTML reads the same constants: they are stored once.
            "text": dump_source(program.text, shared=html.constants),
            "headers": [[name, dump_source(source)] for name, source in program.headers],
            "text_from_html": program.text_from_html,
            "message_id_domain": program.message_id_domain,
            "date": program.date,
            "personal": list(program.personal),
            "records": list(program.records),
            "whole": dump_whole(program.whole),
        }
    )


def load(stored: bytes) -> Program:
    """The program that `dump` wrote; StoreCorrupt when it is not one, or newer than this version."""
    try:
        read = orjson.loads(stored)
        if read["format"] != FORMAT:
            raise StoreCorrupt(
                f"a stored letter has format {read['format']}, this version knows {FORMAT}",
                help="use the version of Touchbase that sent it, or a newer one",
            )
        html = load_source(read["html"])
        reply_to = read["reply_to"]
        return Program(
            campaign=read["campaign"],
            sender=Mailbox(*read["sender"]),
            reply_to=Mailbox(*reply_to) if reply_to else None,
            subject=load_source(read["subject"]),
            preheader=load_source(read["preheader"]),
            html=html,
            text=load_source(read["text"], shared=html.constants),
            headers=tuple((name, load_source(source)) for name, source in read["headers"]),
            text_from_html=read["text_from_html"],
            message_id_domain=read["message_id_domain"],
            date=read["date"],
            personal=tuple(read["personal"]),
            records=tuple(read["records"]),
            whole=load_whole(read["whole"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StoreCorrupt("a stored letter cannot be read", help="restore it from a backup") from error


def dump_source(source: Source, shared: Mapping[str, object] | None = None) -> list[object]:
    """Text, constants (or true where they are the shared ones), autoescape."""
    constants: object = True
    if shared is None or not source.constants or source.constants is not shared:
        constants = {name: plain(value) for name, value in source.constants.items()}
    return [source.text, constants, source.autoescape]


def load_source(stored: list[Any], shared: Mapping[str, object] | None = None) -> Source:
    """The source that `dump_source` wrote."""
    text, constants, autoescape = stored
    if constants is True:
        return Source(text, shared or {}, autoescape)
    return Source(text, {name: real(value) for name, value in constants.items()}, autoescape)


def dump_whole(whole: Whole | None) -> dict[str, object] | None:
    """The undivided letter, if it is one."""
    if whole is None:
        return None
    return {
        "templates": dict(whole.templates),
        "context": plain(dict(whole.context)),
        "html": whole.html,
        "text": whole.text,
        "reason": whole.reason,
    }


def load_whole(stored: dict[str, Any] | None) -> Whole | None:
    """The undivided letter that `dump_whole` wrote."""
    if stored is None:
        return None
    context = real(stored["context"])
    if not isinstance(context, dict):
        raise ValueError("the context of an undivided letter is not a mapping")
    return Whole(stored["templates"], context, stored["html"], stored["text"], stored["reason"])


def plain(value: object) -> object:
    """A value as JSON can say it."""
    if isinstance(value, Markup):
        return {KIND: "html", CONTENT: str(value)}
    if value is None or isinstance(value, (str, bool, int, float)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, datetime):
        return {KIND: "moment", CONTENT: value.isoformat()}
    if isinstance(value, (date, time)):
        return {KIND: "date" if isinstance(value, date) else "time", CONTENT: value.isoformat()}
    if isinstance(value, Decimal):
        return {KIND: "decimal", CONTENT: str(value)}
    if isinstance(value, tuple):
        return {KIND: "tuple", CONTENT: [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return plain_mapping(value)
    raise TypeError(f"a letter's static values must be plain data, not {type(value).__name__}")


def plain_mapping(value: Mapping[Any, object]) -> object:
    """A mapping; one whose keys are not all texts, or that holds KIND, as a list of pairs."""
    if all(isinstance(key, str) for key in value) and KIND not in value:
        return {str(key): plain(item) for key, item in value.items()}
    return {KIND: "mapping", CONTENT: [[plain(key), plain(item)] for key, item in value.items()]}


def real(value: Any) -> object:
    """The value that `plain` wrote."""
    if isinstance(value, list):
        return [real(item) for item in value]
    if not isinstance(value, dict):
        return value
    if KIND not in value:
        return {key: real(item) for key, item in value.items()}
    return REAL[value[KIND]](value[CONTENT])


REAL = {
    "html": Markup,
    "moment": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "tuple": lambda items: tuple(real(item) for item in items),
    "mapping": lambda pairs: {real(key): real(item) for key, item in pairs},
}
