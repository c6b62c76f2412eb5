"""DNS records of a sender's domain in good order, and keys to sign with."""

from __future__ import annotations

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DOMAIN = "news.reading.example"


@cache
def rsa_key(bits: int) -> str:
    """A DKIM record with a new RSA key, in texts of 255 characters at most as DNS wants them."""
    made = rsa.generate_private_key(65537, bits).public_key()  # a few hundred milliseconds at 2048
    der = made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return pieces(f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}")


def ed25519_key() -> str:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return pieces(f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}")


def pieces(text: str) -> str:
    """A TXT record in quotes."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


def good_zone() -> dict[str, dict[str, list[str]]]:
    """A domain with everything, its key behind an alias at the provider's."""
    return {
        DOMAIN: {
            "MX": ["10 mx.reading.example."],
            "TXT": ['"some-site-verification=1"', '"v=spf1 include:spf.provider.example ~all"'],
        },
        "spf.provider.example": {"TXT": ['"v=spf1 ip4:192.0.2.0/24 -all"']},
        f"s1._domainkey.{DOMAIN}": {"CNAME": ["s1.domainkey.provider.example."]},
        "s1.domainkey.provider.example": {"TXT": [rsa_key(2048)]},
        f"_dmarc.{DOMAIN}": {"TXT": ['"v=DMARC1; p=none; rua=mailto:dmarc@reading.example"']},
        "reading.example": {"MX": ["10 mx.reading.example."]},
    }
