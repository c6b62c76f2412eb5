"""Whom encrypted connections believe: the machine's own authorities and, beside them, those of certifi."""

from __future__ import annotations

import os
import ssl


def trusting_context() -> ssl.SSLContext:
    """A context that verifies certificates and names.

    Small containers have no authorities of their own, so certifi's are added, unless the machine's owner chose
    by SSL_CERT_FILE or SSL_CERT_DIR.
    """
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE") and not os.environ.get("SSL_CERT_DIR"):
        import certifi

        context.load_verify_locations(certifi.where())
    return context
