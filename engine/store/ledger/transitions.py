"""Which state of a delivery may become which: the one table behind every statement of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.model.words import State

HEARD = frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED})
"""What only the provider can tell. A letter that was heard of was sent, whatever we believed before."""

NEXT: Mapping[State, frozenset[State]] = {
    # Nothing has left: it may be claimed, or end without a letter.
    State.PLANNED: frozenset({State.CLAIMED, State.SKIPPED, State.EXPIRED, State.CANCELLED}),
    State.CLAIMED: frozenset({State.SUBMITTING, State.PLANNED, State.SKIPPED, State.CANCELLED}) | HEARD,
    # It may have left: only the call's answer, or the proof that nobody will bring one, moves it.
    State.SUBMITTING: frozenset({State.ACCEPTED, State.FAILED, State.RETRY_WAIT, State.UNCERTAIN}) | HEARD,
    State.UNCERTAIN: frozenset({State.ACCEPTED, State.FAILED, State.RETRY_WAIT}) | HEARD,
    State.RETRY_WAIT: frozenset(
        {State.CLAIMED, State.SKIPPED, State.FAILED, State.EXPIRED, State.CANCELLED, State.ACCEPTED}
    )
    | HEARD,
    # It has left: what the provider tells only ever gets worse.
    State.ACCEPTED: HEARD,
    State.DELIVERED: frozenset({State.BOUNCED, State.COMPLAINED}),
    State.BOUNCED: frozenset({State.COMPLAINED}),
    State.COMPLAINED: frozenset(),
    # It ended without a letter.
    State.SKIPPED: frozenset(),
    State.FAILED: frozenset(),
    State.HELD_OUT: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}

BORN = frozenset({State.PLANNED, State.SKIPPED, State.HELD_OUT})
"""The states a delivery may be frozen in."""

QUEUED = frozenset({State.PLANNED, State.RETRY_WAIT})
"""The states with a `due_at`: the queue."""


def may_become(before: State, after: State) -> bool:
    """Whether a delivery may go from one state to the other."""
    return after in NEXT[before]


def sources(after: State) -> frozenset[State]:
    """The states from which a delivery may come into this one."""
    return frozenset(before for before, nexts in NEXT.items() if after in nexts)


def spelled(states: Iterable[State]) -> str:
    """The states as a list in SQL: "'claimed', 'planned'"."""
    return ", ".join(f"'{state}'" for state in sorted(states))
