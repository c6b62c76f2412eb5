"""What only an attack looks like: found by cheap means before a parser spends minutes on it."""

from __future__ import annotations

import re

ELEMENT = re.compile(rb"<\w")
NESTED_ENTITY = re.compile(rb"<!ENTITY[^>\"']{0,200}[\"'][^>]*?[&%][A-Za-z_][\w.-]*;")
# Real entries nest some forty tags; feedparser's time grows with the square (300,000 deep take a minute).
MOST_DEPTH = 2000
TAG = re.compile(rb"<(/?)([A-Za-z][\w:.-]*)")
ENTRY = frozenset({b"item", b"entry"})
# Real tags have a dozen attributes; 16,000 take eight seconds.
MANY_ATTRIBUTES = re.compile(rb"<[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*')){300}")
# Far beyond any blog; each costs a tenth of a millisecond before it can be left out.
MOST_ENTRIES = 20_000


def attack_in(content: bytes) -> str:
    """What makes these bytes an attack, as the rest of a sentence about the feed; "" when nothing does."""
    first = ELEMENT.search(content)
    if first and NESTED_ENTITY.search(content, 0, first.start()):
        return "declares entities within entities, as attacks do"
    if MANY_ATTRIBUTES.search(content):
        return "has a tag with hundreds of attributes, as attacks do"
    return _nesting(content)


def _nesting(content: bytes) -> str:
    """Whether tags nest or entries come without end. Each entry begins anew: many leave their <p> open."""
    depth = entries = 0
    for found in TAG.finditer(content):
        end, name = found[1], found[2].rpartition(b":")[2].lower()
        if name in ENTRY:
            entries += 1
            depth = 0
        depth = max(0, depth - 1) if end else depth + 1
        if depth > MOST_DEPTH:
            return f"nests more than {MOST_DEPTH} tags, as attacks do"
        if entries > 2 * MOST_ENTRIES:
            return f"has more than {MOST_ENTRIES} entries"
    return ""
