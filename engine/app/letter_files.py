"""A letter into a file, in the form its ending asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.errors import UsageError


def write_letter(out: Path, html: str, text: str, message: Callable[[], bytes]) -> None:
    """The letter into a file: .txt, .eml (what `message` makes), else its HTML. UsageError where that cannot be."""
    makers = {".txt": text.encode, ".eml": message}
    content = makers.get(out.suffix, html.encode)()
    try:
        out.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}", help="name another file") from error
