"""Senders as templates see them, their signature made from Markdown."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from engine.definitions.checks.files import signature_file
from engine.definitions.workspace import Workspace
from engine.errors import UsageError
from engine.flows.compose.context import Signed
from engine.flows.compose.photos import photo_address


def signed(workspace: Workspace, key: str, covers: str = "") -> Signed:
    """The sender of that key, standing in for another one. Raises UsageError when the signature's file is gone."""
    sender, absent = workspace.senders[key], workspace.senders.get(covers)
    return Signed(
        key=key,
        name=sender.name,
        email=sender.email,
        reply_to=sender.reply_to or "",
        title=sender.title,
        phone=sender.phone,
        signature=_signature(workspace.root, sender.signature) if sender.signature else "",
        photo=photo_address(workspace, key),
        covering_for=absent.name if absent is not None else "",
    )


def _signature(root: Path, name: str) -> object:
    path = signature_file(root, name)
    try:
        source = path.read_text(encoding="utf-8-sig") if path is not None else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the signature {name} cannot be read", help="check config/senders.yaml") from error
    if path is None or source is None:
        raise UsageError(f"there is no signature {name}", help="put it into templates/signatures/")
    return _html(source, path.suffix.lower())


@lru_cache(maxsize=256)
def _html(source: str, ending: str) -> object:
    from markupsafe import Markup

    if ending in (".html", ".htm"):
        return Markup(source)
    from markdown_it import MarkdownIt

    # HTML inside Markdown stays text: a signature is written by people, not by programs.
    return Markup(MarkdownIt("commonmark", {"html": False, "breaks": True}).render(source).strip())
