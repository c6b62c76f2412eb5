"""Worlds one after the other, each from its seed; a world that breaks a promise is told with its seed and trace."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.store import crash
from tests.simulator.storage import step
from tests.simulator.world import World, planned_template, world_of

MOST_PEOPLE = 14
FAST = Path("/dev/shm")


@dataclass
class Tally:
    """What so many worlds came to."""

    worlds: int = 0
    steps: int = 0
    letters: int = 0
    arrived: int = 0
    deaths: int = 0
    doubtful: int = 0

    def add(self, world: World) -> None:
        """One more."""
        self.worlds += 1
        self.steps += world.steps
        self.letters += world.knobs.people
        self.arrived += len(world.taken)
        self.deaths += sum("dies at" in line for line in world.trace)
        self.doubtful += world.doubtful


@contextmanager
def worlds() -> Iterator[Worlds]:
    """A place for worlds: in memory where the machine has a disk in it."""
    with tempfile.TemporaryDirectory(dir=FAST if FAST.is_dir() else None) as name:
        folder = Path(name)
        template = folder / "template.db"
        run, people = planned_template(template, MOST_PEOPLE)
        yield Worlds(folder, template, run, people)
    shutil.rmtree(name, ignore_errors=True)


@dataclass(frozen=True)
class Worlds:
    """Makes worlds from seeds."""

    folder: Path
    template: Path
    run: int
    people: list[int]

    def live(self, seed: int) -> World:
        """The world of that seed, from its beginning to its end. Raises Broken, with the seed and the trace noted."""
        with world_of(seed, self.template, self.folder, self.run, self.people) as world:
            before, crash.watch = crash.watch, step
            try:
                world.time.run(world.live())
            except BaseException as error:
                error.add_note(f"seed {seed}: python -m tests.simulator --seed {seed}")
                error.add_note(f"{world.knobs}")
                error.add_note("\n".join(world.trace[-60:]))
                raise
            finally:
                crash.watch = before
            return world
