"""A mail's headers and parts, read from any bytes at all: bounded in depth, number and size, and never failing.

Reports of delivery are often broken, and anybody can send one. The reader therefore takes what it can and leaves
the rest as text, instead of insisting on the rules.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

DEEPEST = 12
MOST_PARTS = 100
LONGEST_HEADERS = 200_000
LONGEST_TEXT = 200_000
"""Characters kept of one part: far more than any report says before it returns our letter."""

LINE = re.compile(r"\r\n|\n|\r")
FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)")
PARAMETER = re.compile(r';\s*([\w*-]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.){0,300})"|([^\s;"]{1,300}))')
ENCODED_WORD = re.compile(r"=\?([\w-]{1,40})(?:\*[\w-]*)?\?([bBqQ])\?([^?\s]{0,2000})\?=(?:\s+(?==\?))?")
BARE_BOUNDARY = re.compile(rb"(?:^|\n)--([^\s][^\r\n]{0,200}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE)
NOT_FOR_TEXT = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
"""Codecs that are no character sets, or are slow on purpose-made text."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields in their order, names in lower case, values unfolded and decoded."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The first field of that name, "" without one."""
        return next((value for each, value in self.fields if each == name), "")

    def all(self, name: str) -> list[str]:
        """Every field of that name."""
        return [value for each, value in self.fields if each == name]

    def __contains__(self, name: str) -> bool:
        return any(each == name for each, _ in self.fields)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a mail: its lower-case type, its own headers, its text decoded; `raw` still in transfer form."""

    kind: str
    headers: Headers
    text: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's headers and its leaves in order. Messages inside it are leaves, too, and are not opened."""

    headers: Headers
    kind: str
    parameters: dict[str, str]
    parts: tuple[Part, ...]

    def of_kind(self, *kinds: str) -> list[Part]:
        """The leaves of these types."""
        return [part for part in self.parts if part.kind in kinds]


def read_mail(raw: bytes) -> Mail:
    """The mail in these bytes, whatever they are."""
    # Of an mbox line or a byte order mark before the first header nothing is to be learnt.
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    headers, body = _head_and_body(raw)
    kind, parameters = content_type(headers.get("content-type"))
    parts: list[Part] = []
    _gather(headers, body, kind, parameters, parts, 0)
    return Mail(headers, kind, parameters, tuple(parts))


def read_headers(text: str) -> Headers:
    """The fields at the beginning of a text; what is no field is passed over."""
    fields: list[tuple[str, list[str]]] = []
    for line in LINE.split(text[:LONGEST_HEADERS]):
        if line[:1] in (" ", "\t"):
            if fields and line.strip():
                fields[-1][1].append(line.strip())
            continue
        if not line.strip():
            if fields:
                break
            continue
        found = FIELD.match(line)
        if found:
            fields.append((found[1].lower(), [found[2].strip()]))
    return Headers(tuple((name, decoded_words(" ".join(pieces))) for name, pieces in fields))


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """A Content-Type as its lower-case type and its parameters; text/plain where it makes no sense."""
    kind = value.partition(";")[0].strip().lower()
    if not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,80}", kind):
        kind = "text/plain"
    found: dict[str, str] = {}
    for name, quoted, bare in PARAMETER.findall(";" + value.partition(";")[2][:5000]):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else bare)
    return kind, found


def decoded_words(value: str) -> str:
    """RFC 2047 words as text."""
    if "=?" not in value:
        return value

    def one(found: re.Match[str]) -> str:
        body = found[3].encode("ascii", "replace")
        if found[2] in "bB":
            return _in_charset(_from_base64(body), found[1])
        return _in_charset(binascii.a2b_qp(body.replace(b"_", b" ")), found[1])

    return ENCODED_WORD.sub(one, value)


def as_text(raw: bytes, charset: str = "") -> str:
    """Bytes as text, in the character set they claim, else UTF-8, else Latin-1."""
    if charset:
        return _in_charset(raw, charset)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _head_and_body(raw: bytes) -> tuple[Headers, bytes]:
    found = re.search(rb"\r?\n[ \t]*\r?\n|\r\r", raw)
    if found is None:
        return read_headers(as_text(raw[:LONGEST_HEADERS])), b""
    return read_headers(as_text(raw[: found.start()][:LONGEST_HEADERS])), raw[found.end() :]


def _gather(
    headers: Headers, body: bytes, kind: str, parameters: dict[str, str], parts: list[Part], depth: int
) -> None:
    if len(parts) >= MOST_PARTS:
        return
    boundary = parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    if not kind.startswith("multipart/") and "content-type" not in headers and depth == 0:
        # Multipart in all but its header: some gateways lose it on the way.
        bare = BARE_BOUNDARY.search(body[:600])
        boundary = bare[1] if bare else b""
    pieces = list(_pieces(body, boundary)) if boundary and depth < DEEPEST else []
    if pieces and (kind.startswith("multipart/") or depth == 0):
        for piece in pieces:
            own, inside = _part_head(piece)
            own_kind, own_parameters = content_type(own.get("content-type"))
            if kind == "multipart/digest" and "content-type" not in own:
                own_kind = "message/rfc822"
            _gather(own, inside, own_kind, own_parameters, parts, depth + 1)
        return
    if kind.startswith("multipart/"):
        kind = "text/plain"
    decoded = _from_transfer(body, headers.get("content-transfer-encoding"))
    parts.append(Part(kind, headers, as_text(decoded, parameters.get("charset", ""))[:LONGEST_TEXT], body))


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between the boundary's lines, up to MOST_PARTS pieces."""
    mark = re.compile(rb"(?:^|(?<=\n))--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\r|$)")
    start: int | None = None
    for number, found in enumerate(mark.finditer(body)):
        if start is not None:
            yield body[start : found.start()]
        if found[1] or number >= MOST_PARTS:
            return
        start = found.end()
    if start is not None:
        yield body[start:]


def _part_head(piece: bytes) -> tuple[Headers, bytes]:
    """A part's own headers; a part may begin with its text at once, behind an empty line."""
    if piece.startswith((b"\n", b"\r\n")):
        return Headers(()), piece
    first = piece[:200].partition(b"\n")[0].decode("latin-1").strip()
    if first and not FIELD.match(first):
        return Headers(()), piece
    return _head_and_body(piece)


def _from_transfer(body: bytes, encoding: str) -> bytes:
    encoding = encoding.strip().lower()
    if encoding == "base64":
        return _from_base64(body[: LONGEST_TEXT * 4])
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body[: LONGEST_TEXT * 4])
    return body[: LONGEST_TEXT * 4]


def _from_base64(body: bytes) -> bytes:
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    kept = kept[: len(kept) - len(kept) % 4] if len(kept) % 4 == 1 else kept
    try:
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
    except binascii.Error:
        return body


def _in_charset(raw: bytes, charset: str) -> str:
    name = charset.strip().lower().replace("-", "_")
    if name in NOT_FOR_TEXT:
        return raw.decode("latin-1")
    try:
        return raw.decode(name, "replace")
    except (LookupError, ValueError, UnicodeError):
        return as_text(raw)
