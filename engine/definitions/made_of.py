"""What one campaign is made of as written: each part by a name people know, so that a change can be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from engine.definitions.checks.files import TEMPLATES, signature_file
from engine.definitions.places import Key
from engine.definitions.schema.base import NOTE_PREFIX
from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.senders import ACCOUNT_OWNER
from engine.definitions.workspace import Workspace

PROJECT_KEYS = ("time_zone", "language", "public_url", "company", "tracking")
"""Values of config/project.yaml that stand in letters or decide what is in them."""


def made_of(
    workspace: Workspace, campaign: Campaign, templates: Callable[[list[str]], Iterable[str]]
) -> Iterator[tuple[str, object]]:
    """Each part's name and what is written there: plain data, or a file's bytes.

    `templates`: given the names of templates, these and all they extend, include and import. Comments and
    `x-` notes are no part of anything; nor is `status`, which says whether a campaign is sent and not what.
    """
    at = ("campaigns", campaign.campaign)
    own = _written(workspace, *at)
    yield workspace.file_of(*at), {key: value for key, value in dict(own).items() if key != "status"}
    yield from _letter_files(workspace, campaign, templates)
    yield from _definitions(workspace, "segment", "segments", _segments(workspace, campaign))
    yield from _senders(workspace, campaign)
    yield from _definitions(workspace, "offer", "offers", filter(None, [campaign.content.offer]))
    feeds = {choice.feed: None for choice in campaign.content.feeds.values()}
    yield from _definitions(workspace, "feed", "feeds", feeds)
    if ("policy",) in workspace.origins:
        yield workspace.file_of("policy"), _written(workspace, "policy")
    project = dict(_written(workspace, "project"))
    topic = dict(project.get("topics") or {}).get(campaign.topic)
    values = {key: project[key] for key in PROJECT_KEYS if key in project}
    yield workspace.file_of("project"), {**values, "topic": topic}


def _letter_files(
    workspace: Workspace, campaign: Campaign, templates: Callable[[list[str]], Iterable[str]]
) -> Iterator[tuple[str, object]]:
    draft = campaign.task.text if campaign.task is not None else None
    named = [name for name in (campaign.content.template, campaign.content.text, draft) if name]
    for name in sorted(templates(named)):
        file = f"{TEMPLATES}/{name}"
        yield file, content(workspace.root / file)


def _senders(workspace: Workspace, campaign: Campaign) -> Iterator[tuple[str, object]]:
    """The sender and whoever may stand in; where each customer has their own person, all of them."""
    if campaign.sender == ACCOUNT_OWNER:
        yield f"{ACCOUNT_OWNER} ({workspace.file_of(ACCOUNT_OWNER)})", _written(workspace, ACCOUNT_OWNER)
        names = list(workspace.senders)
    else:
        names = [campaign.sender]
    known: dict[str, None] = {}
    while names:
        name = names.pop()
        sender = workspace.senders.get(name)
        if sender is None or name in known:
            continue
        known[name] = None
        names += [sender.away.cover] if sender.away is not None else []
        for written in filter(None, (sender.signature, sender.photo)):
            if "://" in written:
                continue
            path = signature_file(workspace.root, written)
            yield f"{written} of sender {name}", content(path) if path is not None else b""
    yield from _definitions(workspace, "sender", "senders", known)


def _segments(workspace: Workspace, campaign: Campaign) -> list[str]:
    """Those of the audience and of the policy's holds, and those they refer to."""
    audience = campaign.audience
    waiting = [*audience.include, *audience.exclude] if audience is not None else []
    waiting += workspace.policy.hold_marketing_for
    known: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name in workspace.segments and name not in known:
            known[name] = None
            waiting += _referred(_written(workspace, "segments", name))
    return sorted(known)


def _referred(written: object) -> Iterator[str]:
    """Every segment named below `segment:`."""
    if isinstance(written, Mapping):
        for key, value in written.items():
            if key == "segment" and isinstance(value, str):
                yield value
            yield from _referred(value)
    elif isinstance(written, list):
        for item in written:
            yield from _referred(item)


def _definitions(
    workspace: Workspace, word: str, kind: str, names: Iterable[str]
) -> Iterator[tuple[str, object]]:
    for name in sorted(names):
        yield f"{word} {name} ({workspace.file_of(kind, name)})", _written(workspace, kind, name)


def _written(workspace: Workspace, *path: Key) -> Any:
    """The plain data at a path, without notes; nothing where it is not written."""
    if path not in workspace.origins:
        return {}
    file, inside = workspace.origins[path]
    data: Any = workspace.documents[file].data
    for key in inside:
        data = data[key]
    return _without_notes(data)


def _without_notes(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {
            key: _without_notes(value) for key, value in data.items() if not str(key).startswith(NOTE_PREFIX)
        }
    return [_without_notes(item) for item in data] if isinstance(data, list) else data


def content(path: FilePath) -> bytes:
    """A file's bytes; of one that cannot be read, what stands in the way."""
    try:
        return path.read_bytes()
    except OSError as error:
        return f"unreadable {error.errno}".encode()
