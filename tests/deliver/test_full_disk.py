"""F-28: the disk is full when an intent or a receipt is to be written: nothing leaves unwritten, nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.flows.deliver.letters import Filled
from engine.model.letter import Batch, Outcome
from engine.store.database import Database, open_database
from engine.store.ledger.queue import Claim
from tests.deliver.world import Lines, World, everybody_once
from tests.doubles.scripted import Scripted

MEGABYTES = 6


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, a few megabytes large."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def store(disk: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{disk / 'touchbase.db'}") as opened:
        yield opened


def fill(disk: Path) -> None:
    """Nothing more goes onto the disk."""
    with contextlib.suppress(OSError), (disk / "rubbish").open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    with contextlib.suppress(OSError), (disk / "rubbish").open("ab", buffering=0) as file:
        while True:
            file.write(b"x")


def clear(disk: Path) -> None:
    """There is room again."""
    (disk / "rubbish").unlink(missing_ok=True)


class FullBeforeTheIntent(Lines):
    """Letters whose filling fills the disk."""

    disk: Path

    def fill(self, claim: Claim) -> Filled:
        fill(self.disk)
        return super().fill(claim)


class FullBeforeTheReceipt(Scripted):
    """Takes the letters; then the disk is full. `cleared_after`: seconds until somebody makes room."""

    disk: Path
    cleared_after = 0.0

    async def send(self, batch: Batch) -> list[Outcome]:
        fill(self.disk)
        if self.cleared_after:
            asyncio.get_running_loop().call_later(self.cleared_after, clear, self.disk)
        return await super().send(batch)


def test_a_full_disk_before_the_call_means_no_call(disk: Path, store: Database) -> None:
    world, provider, letters = World.of(store, people=40), Scripted(messages=10), FullBeforeTheIntent(10)
    letters.disk = disk
    with pytest.raises(StoreError, match="full"):
        world.send(provider, letters=letters)
    assert provider.calls == []
    clear(disk)
    world.send(provider)
    everybody_once(world, provider)
    assert world.states() == {"accepted": 40}


def test_a_full_disk_after_the_call_leaves_what_is_honest(disk: Path, store: Database) -> None:
    world, provider = World.of(store, people=40), FullBeforeTheReceipt(messages=10)
    provider.disk = disk
    with pytest.raises(StoreError, match="full"):
        world.send(provider)
    assert len(provider.received) == 10
    clear(disk)
    after = Scripted(messages=10)
    world.send(after)
    everybody_once(world, provider, after)
    assert world.states() == {"accepted": 30, "uncertain": 10}


def test_a_disk_that_has_room_again_in_time_gets_the_receipt(disk: Path, store: Database) -> None:
    world, provider = World.of(store, people=40), FullBeforeTheReceipt(messages=40)
    provider.disk, provider.cleared_after = disk, 3.0
    world.send(provider)
    everybody_once(world, provider)
    assert world.states() == {"accepted": 40}
