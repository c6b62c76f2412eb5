"""Signed personal links: they name a delivery and what may be done with it, never an address.

A token is `key id` + `tag` + `delivery id`. One keyed blake2b (RFC 7693) over the delivery's id gives the tags of
four purposes, each a stretch of its own: knowing one tells nothing about another. Tokens never expire: the law wants
unsubscribing to work for 60 days and longer, and keys are rotated by adding a new one in front.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from hashlib import blake2b
from hmac import compare_digest

from engine.errors import LetterError, UsageError

PURPOSES = ("unsubscribe", "preferences", "web", "click", "open")
"""A purpose keeps its place here for ever, for the place says which stretch of which digest is its tag."""

TAG_BYTES = 15
"""120 bits: far beyond guessing over a network, and whole characters in base64 without padding."""

TAGS = 4
"""So many tags one digest of at most 64 bytes holds."""

TAG_CHARACTERS = TAG_BYTES * 4 // 3
DIGEST_CHARACTERS = TAGS * TAG_CHARACTERS
KEY_CHARACTERS = 2
SHORTEST_KEY = 16
LONGEST_TOKEN = 200
DELIVERY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What may stand in an address's path without any encoding."""

URL_LETTERS = bytes.maketrans(b"+/", b"-_")

ONE_CLICK = "List-Unsubscribe=One-Click"
"""The exact value RFC 8058 section 3.1 asks for."""


class Signer:
    """Makes and checks tokens.

    Args:
        keys: the signing key, newest first; older ones are still believed.
    """

    def __init__(self, keys: Sequence[str | bytes]) -> None:
        if not keys:
            raise UsageError(
                "there is no signing key",
                help="set `signing_key:` in config/project.yaml to a secret of its own",
            )
        raw = [key.encode() if isinstance(key, str) else key for key in keys]
        if any(len(key) < SHORTEST_KEY for key in raw):
            raise UsageError(
                f"a signing key is shorter than {SHORTEST_KEY} bytes",
                help='make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
        self.newest = key_id(raw[0])
        self.seeded = {key_id(key): seeds(key) for key in raw}

    def suffix(self, purpose: str, delivery_id: str) -> str:
        """The token of a link; ValueError for an unknown purpose."""
        return self.newest + tag(self.seeded[self.newest], purpose, delivery_id) + delivery_id

    def links(
        self, public_url: str, purposes: Sequence[str]
    ) -> Callable[[Sequence[str]], list[tuple[str, ...]]]:
        """Whole links of many deliveries, each one's in that order, made together: they share every look-up."""
        places = [stretch(purpose) for purpose in purposes]
        seeded = self.seeded[self.newest]
        before = [prefix(public_url, purpose) + self.newest for purpose in purposes]
        digests = {number for number, _, _ in places}

        def links(delivery_ids: Sequence[str]) -> list[tuple[str, ...]]:
            raw = [delivery_id.encode() for delivery_id in delivery_ids]
            tags = {number: tags_of(seeded[number], raw) for number in digests}
            columns = [
                of_one_purpose(start, tags[number], first, delivery_ids)
                for start, (number, first, _) in zip(before, places, strict=True)
            ]
            return list(zip(*columns, strict=True)) if columns else [()] * len(raw)

        return links

    def verify(self, purpose: str, token: str) -> str | None:
        """The delivery's id, or None for a token that we did not make for this purpose."""
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        key, rest = token[:KEY_CHARACTERS], token[KEY_CHARACTERS:]
        given, delivery_id = rest[:TAG_CHARACTERS], rest[TAG_CHARACTERS:]
        seeded = self.seeded.get(key)
        if seeded is None or not DELIVERY_ID.fullmatch(delivery_id):
            return None
        return delivery_id if compare_digest(tag(seeded, purpose, delivery_id), given) else None


def of_one_purpose(before: str, tags: str, first: int, delivery_ids: Sequence[str]) -> list[str]:
    """These deliveries' links of a purpose whose tag begins there in each delivery's stretch of `tags`."""
    places = range(first, len(tags), DIGEST_CHARACTERS)
    return [
        f"{before}{tags[place : place + TAG_CHARACTERS]}{delivery_id}"
        for place, delivery_id in zip(places, delivery_ids, strict=True)
    ]


def tags_of(seeded: blake2b, raw: Sequence[bytes]) -> str:
    """All tags of one digest for each of these deliveries, DIGEST_CHARACTERS a delivery."""
    copy, digests = seeded.copy, []
    for delivery_id in raw:
        digest = copy()
        digest.update(delivery_id)
        digests.append(digest.digest())
    # Sixty bytes each are whole characters of base64, so that they stand side by side.
    return letters(b"".join(digests))


def tag(seeded: Sequence[blake2b], purpose: str, delivery_id: str) -> str:
    """A delivery's tag for one purpose."""
    number, start, end = stretch(purpose)
    digest = seeded[number].copy()
    digest.update(delivery_id.encode())
    return letters(digest.digest())[start:end]


def stretch(purpose: str) -> tuple[int, int, int]:
    """Which digest holds a purpose's tag, and where it begins and ends in its letters; ValueError for no purpose."""
    number, place = divmod(PURPOSES.index(purpose), TAGS)
    return number, place * TAG_CHARACTERS, (place + 1) * TAG_CHARACTERS


def letters(raw: bytes) -> str:
    """Bytes in base64 for addresses (RFC 4648 section 5)."""
    return b2a_base64(raw, newline=False).translate(URL_LETTERS).decode()


def key_id(key: bytes) -> str:
    """Two characters that tell keys apart without telling anything about them."""
    return letters(blake2b(key, digest_size=3, person=b"key id").digest())[:KEY_CHARACTERS]


def seeds(key: bytes) -> tuple[blake2b, ...]:
    """For every four purposes a digest with a key of its own, ready to be fed a delivery's id."""
    # blake2b takes keys of at most 64 bytes; hashing first admits any length.
    hashed, digests = blake2b(key).digest(), -(-len(PURPOSES) // TAGS)
    return tuple(
        blake2b(
            key=blake2b(b"%d" % number, key=hashed, digest_size=32, person=b"touchbase link").digest(),
            digest_size=TAGS * TAG_BYTES,
        )
        for number in range(digests)
    )


def link(public_url: str, purpose: str, token: str) -> str:
    """`https://…/u/TOKEN`: short, so that no mail program has a reason to break it."""
    return f"{prefix(public_url, purpose)}{token}"


def prefix(public_url: str, purpose: str) -> str:
    """What comes before the token in every link of a purpose."""
    return f"{public_url.rstrip('/')}/{purpose[0]}/"


def list_headers(purpose_is_marketing: bool, *, list_name: str, list_id: str) -> tuple[tuple[str, str], ...]:
    """The List-* headers of a bulk letter as Jinja sources reading `unsubscribe_url` (RFC 2369, 2919, 8058).

    Args:
        purpose_is_marketing: service letters carry no unsubscribe headers.
        list_name: for people to read, e.g. the topic's title.
        list_id: stable dotted name, e.g. `newsletter.news.acme.example`.

    LetterError when the id is no dotted name.
    """
    headers = [("List-ID", list_id_header(list_name, list_id))]
    if purpose_is_marketing:
        headers.append(("List-Unsubscribe", "<{{ unsubscribe_url }}>"))
        headers.append(("List-Unsubscribe-Post", ONE_CLICK))
    return tuple(headers)


LIST_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)+")
LONGEST_LIST_ID = 255
"""RFC 2919 section 2."""


def list_id_header(name: str, list_id: str) -> str:
    """`Name <id.domain>`, safe to be read as a Jinja source; the name without what would end it early."""
    if not LIST_ID.fullmatch(list_id) or len(list_id) > LONGEST_LIST_ID or "{" in list_id:
        raise LetterError(
            f"`{list_id}` cannot name a mailing list",
            reason="unsafe_header",
            help="write dotted words, like newsletter.acme.example",
        )
    described = " ".join(re.sub(r"[<>{}\x00-\x1f\x7f]", " ", name).split())
    return f"{described} <{list_id}>" if described else f"<{list_id}>"
