"""The revision of a campaign: a fingerprint of everything it is made of, and which part of that changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from engine.definitions.made_of import made_of
from engine.definitions.schema.campaign import Campaign
from engine.definitions.workspace import Workspace
from engine.templating.environment import make_environment
from engine.templating.uses import family

DIGEST_BYTES = 8
"""Nobody forges revisions: they only have to differ by more than chance."""


@dataclass(frozen=True, slots=True)
class Revision:
    """`parts`: by its name, the fingerprint of each part: the campaign's file, a template, a segment …"""

    parts: Mapping[str, str]

    def __str__(self) -> str:
        return _digest(json.dumps(self.parts, sort_keys=True).encode())

    def changes_since(self, earlier: Mapping[str, str]) -> Iterator[str]:
        """What is new, gone or different in this revision, in words."""
        for part in sorted({*self.parts, *earlier}):
            if part not in earlier:
                yield f"{part} is new"
            elif part not in self.parts:
                yield f"{part} is gone"
            elif self.parts[part] != earlier[part]:
                yield f"{part} changed"


def revision(workspace: Workspace, campaign: Campaign) -> Revision:
    """Of a campaign whose files have no errors."""
    environment = make_environment(workspace.root / "templates")
    title = campaign.task.title if campaign.task is not None else None
    texts = [text for text in (campaign.content.subject, campaign.content.preheader, title) if text]
    parts = made_of(workspace, campaign, lambda names: family(environment, names, texts))
    return Revision({name: _digest(_bytes(written)) for name, written in parts})


def _bytes(written: object) -> bytes:
    if isinstance(written, bytes):
        return written
    return json.dumps(written, sort_keys=True, default=repr).encode()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=DIGEST_BYTES).hexdigest()
