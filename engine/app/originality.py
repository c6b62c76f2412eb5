"""The guard against copies: a database that was restored or copied sends nothing by itself until a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from engine import clock
from engine.app.desk import Desk
from engine.app.letters import FOLDER
from engine.store import meta, runs, watches, whereabouts

REMEDY = "`touchbase doctor --accept-copy` says that it may send from here"
UNFINISHED = frozenset({runs.READY, runs.SENDING})
CAME_ALONG = "it was unfinished when this copy of the database was made, so its letters may have left from the original"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person's word changed. `paused`: unfinished runs, which wait for `resume` or `cancel`."""

    was: str
    paused: tuple[int, ...] = ()


def doubt(desk: Desk) -> str:
    """Why this database may be a copy or an older state of the one letters left from; "" where it is not.

    A database that was never asked before is taken for the original.
    """
    with desk.database.read() as connection:
        kept = meta.value(connection, whereabouts.PLACE)
        found = whereabouts.place_of(connection, desk.database.path)
        own = whereabouts.mark(connection)
    if kept is None:
        with desk.database.write() as connection:
            meta.put(connection, whereabouts.PLACE, found)
        return ""
    if not whereabouts.is_same(kept, found):
        return f"this database is a copy: letters left from {_in_words(kept)}, and this is {_in_words(found)}"
    outside = whereabouts.read_mark(_mark_file(desk, found))
    if outside is not None and (own is None or own < outside):
        last = f"letters until {own:%Y-%m-%d %H:%M} UTC" if own is not None else "no letter at all"
        return (
            f"this database is an older state of itself: it knows of {last},"
            f" but letters left until {outside:%Y-%m-%d %H:%M} UTC"
        )
    if kept != found:
        with desk.database.write() as connection:
            meta.put(connection, whereabouts.PLACE, found)
    return ""


def note(desk: Desk) -> str:
    """Note that letters leave now; the doubt, where there is one, and then nothing is noted."""
    found = doubt(desk)
    if found:
        return found
    with desk.database.write() as connection:
        mark = whereabouts.raise_mark(connection, clock.now())
        place = whereabouts.place_of(connection, desk.database.path)
    whereabouts.write_mark(_mark_file(desk, place), mark)
    return ""


def accept(desk: Desk) -> Accepted:
    """A person's word that this database may send: nothing of its past is due, and its unfinished runs wait."""
    was = doubt(desk)
    if not was:
        return Accepted("")
    with desk.database.write() as connection:
        place = whereabouts.place_of(connection, desk.database.path)
        outside = whereabouts.read_mark(_mark_file(desk, place))
        meta.put(connection, whereabouts.PLACE, place)
        moment = whereabouts.raise_mark(connection, max(desk.now, outside or desk.now))
        paused = [
            run.id
            for run in runs.in_states(connection, UNFINISHED)
            if runs.pause(connection, run.id, CAME_ALONG)
        ]
        watches.forget(connection, watches.every(connection))
    whereabouts.write_mark(_mark_file(desk, place), moment)
    return Accepted(was, tuple(paused))


def _mark_file(desk: Desk, place: str) -> Path:
    """Beside an SQLite file; for PostgreSQL in the workspace, which no backup of the database brings along."""
    path = desk.database.path
    if path is not None:
        return path.with_name(f"{path.name}-mark")
    name = blake2b(place.encode(), digest_size=8, person=b"place").hexdigest()
    return desk.root / FOLDER / f"mark-{name}"


def _in_words(place: str) -> str:
    kind, number, rest = place.split(" ", 2)
    if kind == "file":
        return rest if number == "0" else f"{rest} (file {number})"
    return f"PostgreSQL {number}, database {rest}"
