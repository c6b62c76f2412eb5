"""Wiring for retention: what `retention:` in config/project.yaml says is kept no longer is deleted, bit by bit."""

from __future__ import annotations

from collections.abc import Callable

from engine.app.desk import Desk
from engine.store import retention

KINDS = {
    "heard": (retention.forget_heard, "heard"),
    "calls": (retention.forget_answers, "answers of providers"),
    "links": (retention.forget_links, "tracked links"),
}
"""The keys of `retention:`, what deletes the old rows of each, and what they are called."""


def retire(desk: Desk, stopping: Callable[[], bool]) -> str:
    """Delete what is too old, until `stopping`; what was, in words. Twice is as good as once."""
    rules, done = desk.workspace.project.retention, []
    for key, (delete, noun) in KINDS.items():
        kept = getattr(rules, key)
        if kept is None:
            continue
        before, deleted = kept.before(desk.now), 0
        while not stopping():
            with desk.database.write() as connection:
                some = delete(connection, before)
            deleted += some
            if some < retention.AT_ONCE:
                break
        if deleted:
            done.append(f"{deleted:,} {noun} deleted")
    return ", ".join(done)
