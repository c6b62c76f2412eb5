"""Amazon's signature, version 4, held against Amazon's own test suite and against another implementation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.providers.amazon_signature import Credentials, signing_headers

EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SIGNATURES = [
    # The first two are get-vanilla and post-vanilla of Amazon's signature test suite, the others were made by botocore.
    (EXAMPLE, "us-east-1", "service", "https://example.amazonaws.com/", b"", "20150830123600", "GET",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (EXAMPLE, "us-east-1", "service", "https://example.amazonaws.com/", b"", "20150830123600", "POST",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (Credentials("AKIDEXAMPLE", "se/cret+key", "tok/en+="), "eu-west-1", "ses",
     "https://email.eu-west-1.amazonaws.com/v2/email/outbound-bulk-emails", b'{"Content":{}}', "20261123100007", "POST",
     "d2b2ac180bbef486ba1eb3b6f631653abc68c7cb9cba3b61eec535281592ab9c"),
    (Credentials("AKIDEXAMPLE", "se/cret+key"), "eu-west-1", "ses",
     "http://127.0.0.1:4630/v2/email/outbound-emails", b'{"Content":{}}', "20261123100007", "POST",
     "7f474490a87b3621687fb84e765da0e1f35378f23b6bd57690e1850d9f0f7f5f"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("credentials", "region", "service", "url", "body", "moment", "method", "signature"), SIGNATURES
)
def test_its_signatures_are_amazons(
    credentials: Credentials,
    region: str,
    service: str,
    url: str,
    body: bytes,
    moment: str,
    method: str,
    signature: str,
) -> None:
    now = datetime.strptime(moment, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    headers = signing_headers(credentials, region, service, url, body, now, method)
    assert headers["Authorization"].endswith(f"Signature={signature}")
    assert credentials.secret_key not in repr(credentials)
