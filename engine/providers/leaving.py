"""Providers that write a List-Unsubscribe of their own: used only where they can tell us who left through it."""

from __future__ import annotations

from engine.errors import UnsupportedFeature
from engine.model.letter import Letter

LEAVING = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


def check_leaving(letter: Letter, provider: str, webhook_key: str) -> None:
    """UnsupportedFeature for a letter its readers can leave by a header, where nobody would hear of it.

    Whoever presses a mail program's button then leaves at the provider, not here; only its news says so.
    """
    if not webhook_key and any(name.lower() in LEAVING for name, _ in letter.headers):
        raise UnsupportedFeature(
            f"{provider} puts a List-Unsubscribe of its own into letters, and without a webhook_key "
            "nobody here would hear who left through it",
            help=f"set up {provider}'s webhook and write its webhook_key in config/project.yaml",
        )
