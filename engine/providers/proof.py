"""Proof that a call comes from the provider: a shared secret, a keyed hash, a moment that is not long past.

Every check compares in constant time and raises WebhookRefused: 403 where no key is configured, so that nothing
is listened to, and 401 for a proof that is missing, wrong or too old.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from datetime import datetime

from engine.errors import WebhookRefused
from engine.model.heard import Post

KEY_HEADER = "x-touchbase-key"
"""For providers that let one add a header to their calls."""

FRESH = 300.0
"""Seconds a signed moment may lie in the past or the future (Svix and Standard Webhooks use the same)."""


TOKENS_KEPT = 10_000
"""Tokens remembered by one process, for where nobody else remembers them."""


class Tokens:
    """Which event each token served, as long as this process lives; see base.Spends."""

    def __init__(self) -> None:
        self.events: OrderedDict[str, str] = OrderedDict()

    def __call__(self, proof: str, event: str, now: datetime) -> bool:
        """A token that came with another event is somebody else's: only its own may be told again."""
        known = self.events.setdefault(proof, event)
        if len(self.events) > TOKENS_KEPT:
            self.events.popitem(last=False)
        return known == event


def key_of(key: str, provider: str) -> str:
    """The configured key; 403 where there is none."""
    if not key:
        raise WebhookRefused(
            f"provider `{provider}` has no webhook_key, so its news is not listened to",
            help="write webhook_key in config/project.yaml, and the same key at the provider",
            status=403,
        )
    return key


def check_secret(post: Post, key: str, provider: str) -> None:
    """The key must come with the call: as a basic password or a bearer token, or in X-Touchbase-Key.

    A key with a colon in it is `user:password`, both of them secret; without one any user will do.
    """
    key = key_of(key, provider)
    offered = [post.headers.get(KEY_HEADER, ""), *authorization(post.headers.get("authorization", ""))]
    if not any(same(each, key) for each in offered if each):
        raise unproven(provider, "the call does not carry the webhook_key")


def authorization(value: str) -> list[str]:
    """The secrets an Authorization header offers: a bearer token, or a password and `user:password`."""
    kind, _, rest = value.strip().partition(" ")
    if kind.lower() == "bearer":
        return [rest.strip()]
    if kind.lower() != "basic":
        return []
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return []
    _, colon, password = pair.partition(":")
    return [pair, password] if colon else []


def same(one: str | bytes, other: str | bytes) -> bool:
    """Whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(digest(one), digest(other))


def digest(secret: str | bytes) -> bytes:
    """A digest of fixed length, so that not even the length shows."""
    return hashlib.sha256(secret if isinstance(secret, bytes) else secret.encode(errors="replace")).digest()


def keyed_hash(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, message, "sha256")


def check_hash(key: bytes, message: bytes, claimed: str, provider: str) -> None:
    """The claimed hash, in hexadecimal, must be the one the key makes of the message."""
    if not same(claimed.strip().lower(), keyed_hash(key, message).hex()):
        raise unproven(provider, "the signature does not fit")


def check_fresh(signed: float, now: datetime, provider: str, seconds: float = FRESH) -> None:
    """A signed moment (seconds since 1970) must not be further than that from now: old calls are replays."""
    if not abs(now.timestamp() - signed) <= seconds:
        raise unproven(provider, f"the signature's moment is more than {seconds:g} seconds away")


def unproven(provider: str, why: str) -> WebhookRefused:
    """The error for a call that may come from anybody."""
    return WebhookRefused(
        f"news for `{provider}` was refused: {why}",
        help="compare webhook_key in config/project.yaml with the provider's settings",
    )


def check_elliptic(key: str, message: bytes, claimed: str, provider: str) -> None:
    """ECDSA over P-256 and SHA-256. `key`: the public key, base64 of DER. `claimed`: base64 of the DER signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(base64.b64decode("".join(key.split()), validate=True))
        if not isinstance(public, EllipticCurvePublicKey):
            raise ValueError("another kind of key")
    except ValueError as error:
        raise WebhookRefused(
            f"the webhook_key of `{provider}` is not a public key",
            help="copy the verification key from the provider's webhook settings",
            status=403,
        ) from error
    try:
        public.verify(base64.b64decode(claimed, validate=True), message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise unproven(provider, "the signature does not fit") from error
