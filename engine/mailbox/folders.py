"""Names of IMAP folders as the protocol wants them: in modified UTF-7 and between quotes (RFC 3501, 5.1.3)."""

from __future__ import annotations

import re
from base64 import b64encode

PLAIN = re.compile(r"[\x20-\x7e]+")


def quoted(name: str) -> str:
    """A folder's name as an argument: `Entwürfe` is `"Entw&APw-rfe"`. Control characters become part of the code."""
    coded = "".join(
        part.replace("&", "&-") if PLAIN.fullmatch(part) else _shifted(part)
        for part in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name)
    )
    return '"' + coded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shifted(text: str) -> str:
    units = b64encode(text.encode("utf-16-be", "surrogatepass")).decode().rstrip("=")
    return f"&{units.replace('/', ',')}-"
