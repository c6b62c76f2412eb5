"""Where a provider's customers usually publish their DKIM keys; `dkim_selectors` in the project says it better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

USUAL: Mapping[str, tuple[str, ...]] = {
    "brevo": ("brevo1", "brevo2", "mail"),
    "mailersend": ("mlsend2", "mlsend"),
    "mailjet": ("mailjet",),
    "resend": ("resend",),
    "sendgrid": ("s1", "s2"),
}
"""As their pages on authenticating a domain show them. The others make up a name for every domain."""


def selectors(written: Sequence[str], types: Sequence[str]) -> tuple[str, ...]:
    """The selectors to look at: those written, or else the usual ones of these types of provider."""
    return tuple(written) or tuple(dict.fromkeys(name for each in types for name in USUAL.get(each, ())))
