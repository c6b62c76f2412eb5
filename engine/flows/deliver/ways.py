"""The ways out of one run: the first, and perhaps one that steps in for it; connections opened at the first need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.flows.deliver.letters import Letters
from engine.flows.deliver.pace import Limit
from engine.providers.base import Provider
from engine.store.ledger.queue import Binding


@dataclass(frozen=True)
class Way:
    """One way out. `limit`: how fast, by the workspace. `connect`: a provider, not opened yet.

    `binding`: which deliveries it may take, where there is another way.
    """

    name: str
    letters: Letters
    connect: Callable[[], Provider]
    limit: Limit | None = None
    binding: Binding | None = None


def with_fallback(first: Way, fallback: Way) -> tuple[Way, Way]:
    """Two ways out of one run: what was ever in doubt at one of them never goes through the other."""
    return (
        replace(first, binding=Binding(fallback.name, stepping_in=False)),
        replace(fallback, binding=Binding(fallback.name, stepping_in=True)),
    )


class Connections:
    """One lane's connections, one to each way out that it ever used."""

    def __init__(self) -> None:
        self._open: dict[str, Provider] = {}

    async def to(self, way: Way) -> Provider:
        """Opened now unless it was before. Raises what the provider raises on opening."""
        found = self._open.get(way.name)
        if found is None:
            found = way.connect()
            await found.open()
            self._open[way.name] = found
        return found

    async def close(self) -> None:
        """Let go of all of them."""
        while self._open:
            _, provider = self._open.popitem()
            await provider.close()
