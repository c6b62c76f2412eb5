"""What must hold after every step, held against the providers' own logs; and what must hold at the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from engine.model.words import ACCEPTED_STATES, PENDING_STATES, SKIPPED_STATES, State
from engine.store import bulk, runs, workers
from engine.store.counts import counts
from engine.store.database import Database
from engine.store.ledger import recovery
from engine.store.ledger.transitions import QUEUED

NOT_LEFT = frozenset(State) - ACCEPTED_STATES - {State.SUBMITTING, State.UNCERTAIN}
"""States that say: it has not left."""

IN_HANDS = frozenset({State.CLAIMED, State.SUBMITTING})
STATES = {str(state): state for state in State}


class Broken(AssertionError):
    """A promise was broken."""


def promise(kept: bool, words: str) -> None:
    """Raises Broken unless it is kept."""
    if not kept:
        raise Broken(words)


class Held(NamedTuple):
    """A letter's state and lease."""

    state: State
    lease: str | None


def nobody_who_left(before: Mapping[int, Held], now: Mapping[int, Held], left: Collection[int]) -> None:
    """I3: no letter of somebody who has left begins to leave, or is repeated.

    `left`: letters of those who left before this commit.
    """
    for number in left:
        was, held = before.get(number), now[number]
        begins = held.state is State.SUBMITTING and (was is None or was.state is not State.SUBMITTING)
        repeated = (
            was is not None
            and held.state is was.state is State.UNCERTAIN
            and held.lease not in (None, was.lease)
        )
        promise(not begins and not repeated, f"I3: letter {number} leaves to somebody who left")


def after_every_step(connection: Connection, people: int, taken: Sequence[str]) -> dict[int, Held]:
    """I1 nobody twice; the ledger never says less than what really left, and nobody is missing from it.

    Every letter's state and lease now. The database holds one run only.
    """
    promise(len(taken) == len(set(taken)), f"I1: a letter left twice: {sorted(taken)}")
    rows = bulk.run(connection, "SELECT id, state, due_at IS NOT NULL, lease FROM deliveries").fetchall()
    promise(len(rows) == people, f"I2: {len(rows)} letters, {people} people")
    left, held = set(taken), {}
    for number, text, queued, lease in rows:
        state = STATES[text]
        gone = f"r-{number}" in left
        promise(not gone or state not in NOT_LEFT, f"letter {number} left, but is {state}")
        promise(gone or state not in ACCEPTED_STATES, f"letter {number} is {state}, and never left")
        promise(queued == (state in QUEUED), f"letter {number} is {state}, and in the queue: {queued}")
        promise(lease is not None or state not in IN_HANDS, f"letter {number} is {state} without a lease")
        held[number] = Held(state, lease)
    return held


def numbers_add_up(connection: Connection, run: int, held: Mapping[int, Held]) -> None:
    """I2 and I10: what people are shown is what the rows say."""
    total = counts(connection, run)
    states = [each.state for each in held.values()]
    promise(total.selected == len(states), f"I2: {total.selected} selected, {len(states)} people")
    for number, among in (
        (total.accepted, ACCEPTED_STATES),
        (total.pending, PENDING_STATES),
        (total.uncertain, {State.UNCERTAIN}),
        (total.failed, {State.FAILED}),
        (sum(total.skipped.values()), SKIPPED_STATES),
    ):
        counted = sum(state in among for state in states)
        promise(number == counted, f"I10: {total}, and {counted} are {sorted(among)}")


def at_the_end(database: Database, run: int, now: object) -> None:
    """I4 nothing is in anybody's hands; I6 recovering again changes nothing; I7 a run that is done has nothing left."""
    with database.write() as connection:
        first = recovery.recover(connection, database.path, now)  # type: ignore[arg-type]
        again = recovery.recover(connection, database.path, now)  # type: ignore[arg-type]
        promise((again.queued, again.uncertain, again.workers) == (0, 0, 0), f"I6: {first}, then {again}")
        promise(workers.living(connection, database.path) == [], "I4: somebody still lives")
        found = runs.get(connection, run)
        assert found is not None
        total = counts(connection, run)
    promise(found.state in (runs.DONE, runs.CANCELLED), f"I7: the run is {found.state} with {total}")
    promise(total.pending == 0, f"I7: the run is {found.state} and {total.pending} letters wait")
