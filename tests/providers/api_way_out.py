"""What the ways out to an email API have in common: a double on loopback, and how it is made to misbehave."""

from __future__ import annotations

import socket
from email.headerregistry import HeaderRegistry
from pathlib import Path

from engine.model.letter import Outcome
from engine.network.lane import Lane, Patience
from engine.providers.base import Provider
from engine.providers.isolate import Sent, send_isolating
from engine.providers.registry import make_provider
from tests.doubles.api import Api
from tests.providers.conformance import deliver, run
from tests.providers.letters import batch_of, letter


class ApiWayOut:
    """A provider's double. Each inherits this and says how its provider is made and how its messages are read."""

    type_name = ""

    def __init__(self, server: Api, url: str) -> None:
        self.server = server
        self.url = url

    def options(self) -> dict[str, object]:
        """The provider's entry in `config/project.yaml`, without type and url."""
        return {"token": self.server.token}

    def make(self, url: str, allow_private_networks: bool, **options: object) -> Provider:
        """The provider at an address."""
        entry = {"type": self.type_name, "url": url, **self.options(), **options}
        return make_provider("mail", entry, workspace=Path(), allow_private_networks=allow_private_networks)

    def provider(self, **options: object) -> Provider:
        return self.make(self.url, True, **options)

    def patient(self, whole: float) -> Provider:
        """A provider that gives up after so many seconds."""
        provider = self.provider()
        for lane in lanes(provider):
            lane.patience = Patience(connect=2, quiet=whole, whole=whole)
        return provider

    def unusable(self) -> Provider:
        with socket.socket() as plug:
            plug.bind(("127.0.0.1", 0))
            port = plug.getsockname()[1]
        return self.make(f"http://127.0.0.1:{port}", True)

    def private(self) -> Provider:
        return self.make(self.url, False)

    def dead_address(self) -> str:
        return "dead@customers.example"

    def lose_the_answer(self) -> None:
        self.server.follow("reset")

    def refuse_the_account(self) -> None:
        self.server.token = "another"


def mailbox(value: str) -> tuple[str, str]:
    """A display name and an address, as an email parser takes them apart."""
    addresses = HeaderRegistry()("To", value).addresses
    return (addresses[0].display_name, addresses[0].addr_spec) if addresses else ("", "")


def lanes(provider: Provider) -> list[Lane]:
    """A provider's connections."""
    singles = getattr(provider, "singles", None)
    return singles.lanes if singles is not None else [provider.lane]  # type: ignore[attr-defined]


def send(provider: Provider, count: int = 3) -> list[Outcome]:
    """Send that many letters in one batch."""
    return run(deliver(provider, batch_of(provider, [letter(n) for n in range(count)])))[0]


def isolate(provider: Provider, letters: list) -> Sent:
    """Send through the halving."""

    async def whole() -> Sent:
        await provider.open()
        try:
            return await send_isolating(provider, batch_of(provider, letters))
        finally:
            await provider.close()

    return run(whole())
