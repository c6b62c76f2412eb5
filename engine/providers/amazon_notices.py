"""Notices of Amazon SNS: proven by an RSA signature whose certificate Amazon itself serves, and opened.

Source: docs.aws.amazon.com/sns, "Verifying the signatures of Amazon SNS messages". A certificate, and the address
that confirms a subscription, are fetched only from the SNS host of the topic's own region.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.errors import NetworkError, WebhookRefused
from engine.model.heard import Post
from engine.network.pages import FetchLimits
from engine.providers.proof import unproven
from engine.providers.reading import Entry, entry_of, inside

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

Fetch = Callable[[str], bytes]

TOPIC = re.compile(r"arn:aws(?:-[a-z]+)*:sns:([a-z]{2}(?:-[a-z]+)+-[0-9]):[0-9]+:[A-Za-z0-9_.-]{1,256}")
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
"""The fields each type signs, in order."""

LIMITS = FetchLimits(most_bytes=64 * 1024, seconds=10.0, redirects=0)
MOST_CERTIFICATES = 8
LONGEST = 300_000
"""Bytes; Amazon's own limit for a message is 256 KB."""


def guarded(url: str) -> bytes:
    """A page of Amazon's, never from a private network and never redirected."""
    from engine.network.fetch import Fetched, fetch

    found = fetch(url, limits=LIMITS)
    assert isinstance(found, Fetched)
    return found.content


class Notices:
    """Proves the notices of one topic and confirms its subscription."""

    def __init__(self, provider: str, topic: str, fetch: Fetch = guarded) -> None:
        self.provider = provider
        self.topic = topic
        self.fetch = fetch
        self.certificates: dict[str, Certificate] = {}

    async def opened(self, post: Post, now: datetime) -> Entry | None:
        """The notice of a call, proven; None where it was about the subscription, which is then confirmed."""
        if not self.topic:
            raise WebhookRefused(
                f"provider `{self.provider}` names no topic, so its news is not listened to",
                help="write the SNS topic's ARN as topic in config/project.yaml",
                status=403,
            )
        notice = self.signed_fields(post)
        await asyncio.to_thread(self.prove, notice, now)
        if notice["Type"] == "Notification":
            return notice
        if notice["Type"] == "SubscriptionConfirmation":
            await asyncio.to_thread(self.fetched, self.address(notice, "SubscribeURL"))
        return None

    def signed_fields(self, post: Post) -> Mapping[str, str]:
        """The notice as texts; 401 for one of another topic or one that cannot carry a signature."""
        if len(post.body) > LONGEST:
            raise unproven(self.provider, "it is larger than a notice can be")
        notice = entry_of(post)
        wanted = SIGNED.get(str(inside(notice, "Type")), ())
        required = {*wanted, "SignatureVersion", "Signature", "SigningCertURL"} - {"Subject"}
        if not wanted or not all(isinstance(notice.get(name), str) for name in required):
            raise unproven(self.provider, "it is no signed notice (raw message delivery must be off)")
        if notice["TopicArn"] != self.topic or not TOPIC.fullmatch(self.topic):
            raise unproven(self.provider, "it comes from another topic")
        for header, name in (("x-amz-sns-message-type", "Type"), ("x-amz-sns-message-id", "MessageId")):
            if post.headers.get(header, notice[name]) != notice[name]:
                raise unproven(self.provider, f"its header {header} says something else")
        return {name: value for name, value in notice.items() if isinstance(value, str)}

    def address(self, notice: Mapping[str, str], name: str) -> str:
        """An address in the notice; 401 unless it is https on the SNS host of the topic's region."""
        found = TOPIC.fullmatch(self.topic)
        assert found
        host = f"sns.{found[1]}.amazonaws.com"
        try:
            target = urlsplit(notice[name])
            good = (target.scheme, target.netloc) == ("https", host)
        except ValueError:
            good = False
        if not good or any(character.isspace() for character in notice[name]):
            raise unproven(self.provider, f"its {name} is not at https://{host}")
        return notice[name]

    def prove(self, notice: Mapping[str, str], now: datetime) -> None:
        """The signature must fit the fields, under a certificate that is valid now."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256

        digests = {"1": SHA1, "2": SHA256}
        digest = digests.get(notice["SignatureVersion"])
        if digest is None:
            raise unproven(self.provider, f"its SignatureVersion is {notice['SignatureVersion'][:10]!r}")
        key = self.key(self.address(notice, "SigningCertURL"), now)
        try:
            signature = base64.b64decode(notice["Signature"], validate=True)
            key.verify(signature, canonical(notice), PKCS1v15(), digest())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise unproven(self.provider, "the signature does not fit") from error

    def key(self, url: str, now: datetime) -> RSAPublicKey:
        """The certificate's key. A certificate is kept; one that is not valid now proves nothing."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.x509 import load_pem_x509_certificate

        certificate = self.certificates.get(url)
        if certificate is None:
            content = self.fetched(url)
            try:
                certificate = load_pem_x509_certificate(content)
            except ValueError as error:
                raise unproven(self.provider, "its certificate cannot be read") from error
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise unproven(self.provider, "its certificate is not valid now")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise unproven(self.provider, "its certificate has no RSA key")
        if len(self.certificates) >= MOST_CERTIFICATES:
            self.certificates.clear()
        self.certificates[url] = certificate
        return key

    def fetched(self, url: str) -> bytes:
        """A page; 503 where it cannot be had now, so that Amazon sends the notice again."""
        try:
            return self.fetch(url)
        except NetworkError as error:
            raise WebhookRefused(
                f"news for `{self.provider}` could not be proven now: {error.message}",
                help="Amazon sends it again; check that this machine reaches sns.REGION.amazonaws.com",
                status=503,
            ) from error


def canonical(notice: Mapping[str, str]) -> bytes:
    """What is signed: name and value of each field on lines of their own; a missing Subject is left out."""
    names = SIGNED[notice["Type"]]
    return "".join(f"{name}\n{notice[name]}\n" for name in names if name in notice).encode(
        errors="surrogatepass"
    )
