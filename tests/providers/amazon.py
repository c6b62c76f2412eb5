"""Amazon SNS for tests: a certificate of our own, and notices signed with it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from engine.errors import BadAnswer
from engine.model.heard import Post

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:SES_Events"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
NAMES = {"Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]}
CONFIRMATIONS = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]


@cache
def key() -> rsa.RSAPrivateKey:
    """One key for all tests: making it takes a while."""
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(from_day: int = -1, days: int = 2, elliptic: bool = False) -> bytes:
    """A certificate in PEM, valid from so many days after NOW and for so long."""
    signer = ec.generate_private_key(ec.SECP256R1()) if elliptic else key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = NOW + timedelta(days=from_day)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signer.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(signer, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def signed(notice: dict[str, str], version: str = "2") -> dict[str, str]:
    """The notice with its signature."""
    names = NAMES.get(notice["Type"], CONFIRMATIONS)
    text = "".join(f"{name}\n{notice[name]}\n" for name in names if name in notice)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = key().sign(text.encode(), padding.PKCS1v15(), digest)
    return {
        **notice,
        "SignatureVersion": version,
        "Signature": base64.b64encode(signature).decode(),
        "SigningCertURL": CERTIFICATE,
    }


def notification(event: object, **changes: str) -> dict[str, str]:
    """An unsigned notice of an event."""
    message = event if isinstance(event, str) else json.dumps(event)
    notice = {
        "Type": "Notification",
        "MessageId": "n-1",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": "2026-11-23T09:59:58.000Z",
    }
    return {**notice, **changes}


def confirmation(**changes: str) -> dict[str, str]:
    """An unsigned request to confirm the subscription."""
    fields = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": CONFIRM}
    return notification("You have chosen to subscribe…", **{**fields, **changes})


def post(notice: dict[str, str], **headers: str) -> Post:
    """The notice as SNS sends it."""
    return Post(json.dumps(notice).encode(), headers)


@dataclass
class Amazon:
    """Serves certificates and takes confirmations. `asked`: every address, in order."""

    pages: dict[str, bytes] = field(default_factory=lambda: {CERTIFICATE: certificate(), CONFIRM: b"<ok/>"})
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        """A page, or the error of one that is not there."""
        self.asked.append(url)
        if url not in self.pages:
            raise BadAnswer(f"`{url}` answered 500", status=500)
        return self.pages[url]
