"""Wiring for senders whom the way out does not know: asked before letters leave, so that others' letters go alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from engine.app.desk import Desk
from engine.errors import NetworkError, ProviderError, UsageError
from engine.flows.deliver.setting_aside import REST
from engine.providers.base import Vouches
from engine.store import runs
from engine.store.ledger import renewing

ASK_SECONDS = 15.0
REMEMBERED_SECONDS = 600.0
"""An answer is asked for again after so long: somebody may have verified the address."""

REMEDY = "verify its address or domain there, or name another address in config/senders.yaml"


def judged(desk: Desk, names: Iterable[str]) -> dict[str, bool]:
    """Which senders the chosen way out knows, and which certainly not. What it does not say is missing.

    A list on which none of them stands says nothing of this account: then nothing is known.
    """
    way, senders = desk.ways_out[0], desk.workspace.senders
    addresses = {name: senders[name].email for name in dict.fromkeys(names) if name in senders}
    now = time.monotonic()
    asked = desk.vouched.get(way)
    if asked is None or now - asked[0] > REMEMBERED_SECONDS or not {*addresses.values()} <= {*asked[1]}:
        every = sorted({sender.email for sender in senders.values()})
        found = _ask(desk, way, every)
        asked = (now, {address: found.get(address) for address in every})
        desk.vouched[way] = asked
    told = {
        name: known for name, address in addresses.items() if (known := asked[1].get(address)) is not None
    }
    return told if any(asked[1].values()) else {}


def unknown(desk: Desk, names: Iterable[str]) -> list[str]:
    """Whose letters would wait because the way out does not know them, in words. Nobody's of a run from one alone."""
    chosen = list(dict.fromkeys(names))
    known = judged(desk, chosen) if len(chosen) > 1 and desk.leaves_machine else {}
    return [
        f"letters from {name} would wait: {_detail(desk, name)}"
        for name in chosen
        if known.get(name) is False
    ]


def hold_back(desk: Desk, run: runs.Run, senders: Mapping[int, str], *, by_hand: bool) -> list[str]:
    """Holds the run's letters back whose sender is not known there, and lets go those whose sender is by now.

    `senders`: of each variant. `by_hand`: a person sends, so that those of whom nothing is known are tried, too.
    What a person should know, in words.
    """
    # One sender alone is left to the provider's own word: nobody else's letters are to be spared.
    known = judged(desk, senders.values()) if len(set(senders.values())) > 1 else {}
    now, notes = desk.now, []
    for name in dict.fromkeys(senders.values()):
        own = [number for number, sender in senders.items() if sender == name]
        verdict = known.get(name)
        with desk.database.read() as connection:
            waiting = renewing.waiting(connection, run.id, own, now) if verdict is False else []
        if waiting:
            detail = _detail(desk, name)
            with desk.database.write() as connection:
                held = renewing.hold_back(connection, run.id, own, now + REST, detail, now)
            notes.append(f"{held:,} letters from {name} wait for an hour: {detail}")
        elif verdict or (verdict is None and by_hand):
            with desk.database.write() as connection:
                renewing.let_go(connection, run.id, own, now)
    return notes


def _detail(desk: Desk, name: str) -> str:
    address = desk.workspace.senders[name].email
    return f"{desk.ways_out[0]} does not know {address} of {name} as a sender: {REMEDY}"


def _ask(desk: Desk, way: str, addresses: list[str]) -> Mapping[str, bool]:
    """What the way out says of these addresses; nothing where it cannot be asked."""
    try:
        provider = desk.provider(way)
    except UsageError:
        return {}
    if not isinstance(provider, Vouches):
        return {}

    async def go() -> Mapping[str, bool]:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await provider.vouch(addresses)
        finally:
            await provider.close()

    try:
        return asyncio.run(go())
    except (ProviderError, NetworkError, TimeoutError):
        return {}
