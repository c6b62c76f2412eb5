"""Amazon's signature, version 4: what proves a call to be ours without the secret ever leaving.

Source: docs.aws.amazon.com/IAM, "Create a signed AWS API request". Host, date and session token are signed, and
the body through its hash; our calls have no query.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; the session token only where the key is temporary."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def signing_headers(
    credentials: Credentials,
    region: str,
    service: str,
    url: str,
    body: bytes,
    now: datetime,
    method: str = "POST",
) -> dict[str, str]:
    """The headers that sign a call to `url`, which has no query. What is escaped in it is signed escaped once more."""
    target = urlsplit(url)
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"X-Amz-Date": moment}
    if credentials.session_token:
        headers["X-Amz-Security-Token"] = credentials.session_token
    signed = {"host": host_header(url), **{name.lower(): value for name, value in headers.items()}}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    path = quote(target.path or "/", safe="/-_.~")
    request = "\n".join((method, path, "", lines, names, hashlib.sha256(body).hexdigest()))
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(signing_key(credentials, scope), to_sign.encode(), "sha256").hexdigest()
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def signing_key(credentials: Credentials, scope: str) -> bytes:
    """The key for one day, region and service, made of the secret step by step."""
    key = b"AWS4" + credentials.secret_key.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def host_header(url: str) -> str:
    """The Host header as the HTTP library writes it: with the port where that is not the scheme's own."""
    target = urlsplit(url)
    host = target.hostname or ""
    usual = {"http": 80, "https": 443}.get(target.scheme)
    return host if target.port in (None, usual) else f"{host}:{target.port}"
