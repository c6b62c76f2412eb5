"""Which types of provider there are; a module is imported only when its type is used."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from engine.errors import UsageError
from engine.providers.base import Provider, ProviderType

PROVIDERS: dict[str, str] = {
    "brevo": "engine.providers.brevo:Brevo",
    "mailersend": "engine.providers.mailersend:Mailersend",
    "mailgun": "engine.providers.mailgun:Mailgun",
    "mailjet": "engine.providers.mailjet:Mailjet",
    "outbox": "engine.providers.outbox:Outbox",
    "postmark": "engine.providers.postmark:Postmark",
    "resend": "engine.providers.resend:Resend",
    "sendgrid": "engine.providers.sendgrid:Sendgrid",
    "ses": "engine.providers.ses:Ses",
    "smtp": "engine.providers.smtp:Smtp",
    "sparkpost": "engine.providers.sparkpost:Sparkpost",
}
"""Type as written in `config/project.yaml` → module and class."""


def provider_type(type_name: str) -> ProviderType:
    """The class of a type; UsageError names the nearest ones there are."""
    place = PROVIDERS.get(type_name)
    if place is None:
        near = get_close_matches(type_name, PROVIDERS, n=1)
        advice = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(PROVIDERS))}"
        raise UsageError(f"`{type_name}` is not a type of provider", help=advice)
    module, _, name = place.partition(":")
    found: ProviderType = getattr(import_module(module), name)
    return found


def make_provider(
    name: str, options: Mapping[str, object], *, workspace: Path, allow_private_networks: bool = False
) -> Provider:
    """The provider of that name, not opened yet.

    `options`: its entry in `config/project.yaml`, secrets already filled in. Relative paths in it start at
    `workspace`. Raises UsageError for an unknown type or a wrong option.
    """
    surroundings: dict[str, object] = {
        "workspace": workspace,
        "allow_private_networks": allow_private_networks,
    }
    return provider_type(str(options.get("type", "")))(name, {**options, **surroundings})
