"""Which providers there are, and that having them costs nothing until one is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.providers.registry import PROVIDERS, make_provider, provider_type

OPTIONS: dict[str, dict[str, str]] = {
    "outbox": {},
    "smtp": {"host": "mail.example.com"},
    "ses": {"region": "eu-west-1", "access_key": "a", "secret_key": "s"},
    "mailgun": {"token": "t", "domain": "news.acme.example"},
    "mailjet": {"token": "t", "secret": "s"},
}
"""What a type needs, where that is not a token alone."""


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_registered_type_can_be_made(name: str) -> None:
    options = OPTIONS.get(name, {"token": "t"})
    provider = make_provider("mine", {"type": name, **options}, workspace=Path())
    assert provider.name == "mine"
    assert Path("docs/providers", f"{name}.md").is_file()


def test_an_unknown_type_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as raised:
        make_provider("mine", {"type": "postmrk"}, workspace=Path())
    assert raised.value.help == "did you mean `postmark`?"


def test_a_note_of_the_marketers_own_is_no_wrong_option() -> None:
    make_provider("mine", {"type": "outbox", "x-why": "for the demo"}, workspace=Path())


def test_a_relative_folder_starts_at_the_workspace(tmp_path: Path) -> None:
    outbox = make_provider("mine", {"type": "outbox", "folder": "letters"}, workspace=tmp_path)
    assert getattr(outbox, "folder") == tmp_path / "letters"  # noqa: B009


def test_a_type_is_imported_only_when_it_is_used() -> None:
    assert provider_type("outbox").__name__ == "Outbox"
    code = (
        "import sys; from engine.providers import registry; registry.provider_type('outbox');"
        "print([m for m in ('smtplib', 'httpx', 'engine.providers.postmark') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
