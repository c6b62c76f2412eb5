"""Two years from a seed, on a database of their own, and what the checker says of them."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from engine.app.verbs import App
from engine.store.database import Database, open_database
from tests.simulator.surroundings import quietly
from tests.two_years.checker import check
from tests.two_years.checker.faults import Fault
from tests.two_years.checker.ledger import Ledger, read
from tests.two_years.life import Life, Trouble
from tests.two_years.purchases import END, Purchase, made_up

FAST = Path("/dev/shm")


@dataclass
class Story:
    """What two years came to. `seconds`: of processor."""

    life: Life
    ledger: Ledger
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def skipped(self) -> Counter[str]:
        """Letters that did not leave, by reason."""
        return Counter(row.reason for row in self.ledger.rows if row.state in ("skipped", "expired"))

    @property
    def silences(self) -> Counter[str]:
        """Floors that were missed, by the reason on record."""
        return Counter(event.fields["reason"] for event in self.ledger.events if event.name == "floor_missed")

    @property
    def intents(self) -> Counter[str]:
        """Letters that left, by intent."""
        return Counter(
            letter.run.intent if letter.run.purpose == "marketing" else "service"
            for letters in self.ledger.letters().values()
            for letter in letters
        )

    @property
    def print_of_it(self) -> str:
        """A fingerprint of every letter's words, sender, reader and moment."""
        found = hashlib.sha256()
        for mail in self.ledger.mails:
            found.update(repr((mail.recipient, mail.sender, mail.at, mail.words)).encode())
        return found.hexdigest()


def live(
    seed: int,
    people: int,
    *,
    purchases: list[Purchase] | None = None,
    url: str = "",
    trouble: Trouble | None = None,
    end: date = END,
) -> Story:
    """The two years of that seed, lived and judged. `url`: an empty database; without it, one in memory where that is."""
    begun = time.process_time()
    bought = purchases if purchases is not None else made_up(random.Random(f"{seed} purchases"), people)
    with quietly(), tempfile.TemporaryDirectory(dir=FAST if FAST.is_dir() else None) as name:
        folder = Path(name)
        with open_database(url or f"sqlite:///{folder / 'touchbase.db'}") as database:
            life = Life(seed, folder / "workspace", database, bought, trouble or Trouble(), end)
            try:
                life.live()
            except BaseException as error:
                error.add_note("\n".join(life.log.trace[-40:]))
                error.add_note(f"python -m tests.two_years --seed {seed} --people {people}")
                raise
            ledger = _read(database, url, folder / "workspace", life)
            app = App(life.desk_at_the_end())
            ledger = replace(ledger, reports=[app.run(str(number)).as_json() for number in ledger.runs])
            return Story(life, ledger, check(ledger), time.process_time() - begun)


def _read(database: Database, url: str, root: Path, life: Life) -> Ledger:
    """By the database's own driver, past everything that is ours."""
    mails = life.postbox.mails
    if database.path is not None:
        connection = sqlite3.connect(database.path)
        try:
            return read(connection, root, mails)
        finally:
            connection.close()
    import psycopg

    address = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        return read(connection, root, mails)
