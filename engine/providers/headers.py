"""Header values as RFC 5322 and RFC 2047 want them: safe, ASCII, folded, plain where machines read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from engine.errors import LetterError
from engine.providers.base import TOKEN

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""C0, DEL, C1, the Unicode line separators, half characters: each could end a header or break its bytes."""

OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Bidirectional embeddings, overrides, isolates: invisible, and able to show a name or subject backwards."""

HEADER_NAME = re.compile(r"[!-9;-~]{1,70}")
ASCII_HEADERS = frozenset(
    {"date", "message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"}
    | {"list-help", "list-archive", "list-owner", "list-subscribe", "list-post", "feedback-id"}
    | {"precedence", "auto-submitted", "reference"}
)
"""Headers read by machines; an encoded word there is taken literally (RFC 2047 section 5): none is made."""

MADE_BY_APIS = frozenset(
    {"from", "to", "cc", "bcc", "reply-to", "subject", "sender", "return-path", "received", "dkim-signature"}
    | {"content-type", "content-transfer-encoding", "mime-version"}
)
"""Headers that every email API makes from other parts of a call, or on the way; a letter never sets them."""

EASY = re.compile(r"[ -~]{1,400}")
WANTED_LINE = 76
LONGEST_LINE = 998
"""RFC 5322 section 2.1.1, without the CRLF; 76 is RFC 2047's limit for lines with encoded words."""

LONGEST_WORD = 75
WORD_OPENING = {"q": b"=?utf-8?q?", "b": b"=?utf-8?b?"}
WORD_CLOSING = b"?="
FOLD = b"\r\n "
SAFE_IN_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
SINGLE_SPACE = re.compile(r"(?<=\S) (?=\S)")


def checked(place: str, value: str) -> str:
    """The value without direction overrides; LetterError `unsafe_header` where it could end its header."""
    found = UNSAFE.search(value)
    if found:
        raise unsafe(f"{place} holds the character U+{ord(found[0]):04X}, which a header must not carry")
    return OVERRIDES.sub("", value)


def unsafe(message: str) -> LetterError:
    """The error for a value that cannot stand in a header."""
    return LetterError(
        message, reason="unsafe_header", help="correct the value in the customer's data or in the template"
    )


def whole_token(value: str) -> bool:
    """Whether the value is one token and nothing else."""
    return TOKEN.fullmatch(value) is not None


def is_easy(kind: str, value: str) -> bool:
    """Whether a machine header's value is short, printable ASCII: it stands on any wire as it is."""
    return kind in ASCII_HEADERS and EASY.fullmatch(value) is not None


def header_value(name: str, value: str) -> bytes:
    """What stands after `Name: `, folded where long. Addresses are the business of `mailboxes`."""
    kind = name.lower()
    if is_easy(kind, value) or whole_token(value):
        return value.encode()
    value = checked(name, value)
    if kind == "list-id":
        return list_id(name, value)
    if kind in ASCII_HEADERS:
        return machine_value(name, value)
    if TOKEN.search(value):
        raise LetterError(
            f"{name} mixes a personal value with fixed text before encoding", reason="template_error"
        )
    return text_value(value, len(name) + 2)


def unfolded(value: bytes) -> str:
    """A folded header on one line (RFC 5322 section 2.2.3), for APIs that fold themselves."""
    return value.replace(b"\r\n", b"").decode()


def machine_value(name: str, value: str) -> bytes:
    """An ASCII value on one line up to 998 bytes; longer ones break only after a comma."""
    if not value.isascii():
        raise unsafe(f"{name} must be plain ASCII: percent-encode its address")
    encoded = value.encode()
    if len(name) + 2 + len(encoded) <= LONGEST_LINE:
        return encoded
    pieces = encoded.split(b", ")
    if len(name) + 2 + max(map(len, pieces)) >= LONGEST_LINE:
        raise unsafe(f"{name} is longer than the {LONGEST_LINE} bytes a line may have")
    return (b"," + FOLD).join(pieces)


def list_id(name: str, value: str) -> bytes:
    """`Description <id.domain>` (RFC 2919): the description may be any text, the id is ASCII."""
    description, bracket, identifier = value.rpartition("<")
    if not bracket:
        return machine_value(name, value)
    closing = machine_value(name, bracket + identifier)
    described = phrase(description.strip(), len(name) + 2)
    return with_bracket(described, closing, len(name) + 2)


def with_bracket(described: bytes, closing: bytes, used: int) -> bytes:
    """A phrase followed by `<…>`, on the next line where this one would become too long."""
    if not described:
        return closing
    last = len(described.rpartition(b"\r\n")[2]) + (0 if FOLD in described else used)
    return described + (b" " if last + 1 + len(closing) <= WANTED_LINE else FOLD) + closing


def text_value(value: str, used: int) -> bytes:
    """Free text: as it is where that is safe, encoded words otherwise. `used`: columns taken before it."""
    if value.isascii() and "=?" not in value and value == value.strip():
        encoded = value.encode()
        if used + len(encoded) <= WANTED_LINE:
            return encoded
        folded = fold(value, used)
        if folded is not None:
            return folded
    return encoded_words(value, used)


def fold(value: str, used: int) -> bytes | None:
    """ASCII text broken at single spaces, or None where one word is longer than a line."""
    lines: list[str] = []
    line, room = "", WANTED_LINE - used
    for word in SINGLE_SPACE.split(value):
        if len(word) > WANTED_LINE - used:
            return None
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, WANTED_LINE - 1
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return FOLD.join(part.encode() for part in lines)


ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LONGEST_QUOTED = 60


def phrase(text: str, used: int) -> bytes:
    """A display name: bare words, a quoted string, or encoded words."""
    if text.isascii() and "=?" not in text and len(text) <= LONGEST_QUOTED:
        return (text if not text or ATOMS.fullmatch(text) else quoted(text)).encode()
    return encoded_words(text, used)


def quoted(text: str) -> str:
    """An RFC 5322 quoted string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def encoded_words(text: str, used: int) -> bytes:
    """RFC 2047 words of at most 75 bytes, cut between characters, one to a line."""
    raw = text.encode()
    as_q = sum(1 if byte in SAFE_IN_WORD or byte == 0x20 else 3 for byte in raw)
    coding = "q" if as_q <= len(raw) * 4 // 3 + 4 else "b"
    return FOLD.join(words(text, coding, used))


def words(text: str, coding: str, used: int) -> Iterator[bytes]:
    """The encoded words of a text in order. The first one has `used` columns less."""
    fixed = len(WORD_OPENING[coding]) + len(WORD_CLOSING)
    room = max(min(LONGEST_WORD, WANTED_LINE - used) - fixed, 16)
    held, size = bytearray(), 0
    for character in text:
        raw = character.encode()
        cost = sum(map(q_cost, raw)) if coding == "q" else len(raw)
        limit = room if coding == "q" else room // 4 * 3
        if held and size + cost > limit:
            yield word(bytes(held), coding)
            held, size, room = bytearray(), 0, LONGEST_WORD - fixed
        held += raw
        size += cost
    yield word(bytes(held), coding)


def q_cost(byte: int) -> int:
    """How many columns a byte takes in a Q word."""
    return 1 if byte in SAFE_IN_WORD or byte == 0x20 else 3


def q_code(byte: int) -> bytes:
    """A byte in a Q word."""
    if byte == 0x20:
        return b"_"
    return bytes((byte,)) if byte in SAFE_IN_WORD else b"=%02X" % byte


def word(raw: bytes, coding: str) -> bytes:
    """One encoded word."""
    if coding == "b":
        payload = base64.b64encode(raw)
    else:
        payload = b"".join(map(q_code, raw))
    return WORD_OPENING[coding] + payload + WORD_CLOSING
