"""The key of a whole call, for providers that remember calls: the same letters in the same order, the same key."""

from __future__ import annotations

import hashlib

from engine.model.letter import Batch


def call_key(batch: Batch) -> str:
    """64 hexadecimal digits made of each letter's reference and stored key, in order, each with its length.

    Whoever sends the same stored letters again makes the same key; one letter more, less, or elsewhere makes
    another, and so does a letter that was given a new key. A part of a batch is a call of its own: whoever does
    not know what became of a part must repeat that part.
    """
    digest = hashlib.sha256(f"{len(batch)} letters".encode())
    for reference, key in zip(batch.references, batch.keys, strict=True):
        for part in (reference.encode(), key.encode()):
            digest.update(b"%d:%b" % (len(part), part))
    return digest.hexdigest()
