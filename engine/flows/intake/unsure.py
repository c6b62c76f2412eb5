"""Values with two meanings."""

from __future__ import annotations

UNSURE = "?"
"""What a column tells when it does not tell."""


class Unsure(ValueError):
    """The value alone has two meanings; the rest of its column may tell which is right."""
