"""One way to say that a name leads nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.definitions.places import Key, problem_at
from engine.definitions.suggest import suggestion
from engine.definitions.workspace import Workspace
from engine.model.problem import Problem

WHERE = {
    "segment": "config/segments.yaml",
    "sender": "config/senders.yaml",
    "feed": "config/feeds.yaml",
    "offer": "config/offers.yaml",
    "topic": "config/project.yaml",
    "field": "config/customers.yaml",
    "provider": "config/project.yaml",
    "campaign": "campaigns/",
}
CODES = {
    "segment": "X010",
    "sender": "X011",
    "feed": "X012",
    "offer": "X013",
    "topic": "X014",
    "field": "X015",
    "provider": "X016",
    "campaign": "X017",
}


def known(
    workspace: Workspace, kind: str, name: str, choices: Iterable[str], *path: Key, key: bool = False
) -> Iterator[Problem]:
    """A problem at `path` when `name` is none of the `choices`; `key`: the name is written as a key."""
    names = set(choices)
    if name in names:
        return
    otherwise = f"define it in {WHERE[kind]}"
    help = suggestion(name, names, otherwise=otherwise)
    place = workspace.place(*path, key=key)
    yield problem_at(place, CODES[kind], f"there is no {kind} `{name}`", help)


def each_known(
    workspace: Workspace, kind: str, names: Iterable[str], choices: Iterable[str], *path: Key
) -> Iterator[Problem]:
    """The same for every name of a list."""
    known_names = set(choices)
    for number, name in enumerate(names):
        yield from known(workspace, kind, name, known_names, *path, number)
