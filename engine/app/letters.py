"""What is wrong with the campaigns' letters: each is tried once, and remembered while nothing it is made of changes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine.definitions.workspace import Workspace
from engine.model.problem import Problem, Severity

ENGINE = Path(__file__).resolve().parents[1]
FOLDER = ".touchbase"
FILE = "letters.json"
IGNORED = "# Nothing here is worth keeping: Touchbase remembers which letters it has tried already.\n*\n"


def letter_problems(
    workspace: Workspace, now: datetime, broken: frozenset[str] = frozenset(), *, only: str = ""
) -> list[Problem]:
    """Problems of templates, subjects, preheaders and finished letters.

    `broken`: files that have errors already, so that nothing can be made of them. `only`: one campaign.
    """
    if workspace.project.company is None or any(file.startswith("config/") for file in broken):
        return []
    names = [
        name
        for name, campaign in workspace.campaigns.items()
        if (campaign.content.template or campaign.by_owner)
        and (not only or name == only)
        and workspace.file_of("campaigns", name) not in broken
    ]
    remembered = _read(workspace.root)
    found = _tried(workspace, now, names, remembered)
    kept = {name: entry for name, entry in remembered.items() if name in workspace.campaigns} | found
    if kept != remembered:
        _write(workspace.root, kept)
    return list(dict.fromkeys(problem for name in names for problem in _problems(found[name])))


Entry = dict[str, Any]
"""`made_of`: a fingerprint of everything that went into a letter. `problems`: what was wrong with it."""


def _tried(
    workspace: Workspace, now: datetime, names: Iterable[str], remembered: Mapping[str, Entry]
) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    trial = None
    shared = _shared(workspace, now)
    for name in names:
        made_of = _fingerprint(shared, workspace, name)
        if remembered.get(name, {}).get("made_of") == made_of:
            found[name] = remembered[name]
            continue
        if trial is None:
            from engine.flows.compose.trial import Trial

            trial = Trial(workspace, now)
        found[name] = {"made_of": made_of, "problems": [asdict(problem) for problem in trial.problems(name)]}
    return found


def _problems(entry: Entry) -> list[Problem]:
    return [Problem(**{**fields, "severity": Severity(fields["severity"])}) for fields in entry["problems"]]


def _shared(workspace: Workspace, now: datetime) -> blake2b:
    """The fingerprint of what every letter depends on: this program, the day, the configuration, all templates."""
    told = blake2b(digest_size=16)
    told.update(repr((_program(), now.astimezone(UTC).date())).encode())
    for file, document in sorted(workspace.documents.items()):
        if file.startswith("config/"):
            _tell(told, workspace.root, (file, *sorted(document.included)))
            # What `!env` brought in stands in no file; a Secret shows nothing of itself.
            told.update(repr(document.data).encode())
    _tell(told, workspace.root, sorted(_files(workspace.root / "templates", workspace.root)))
    return told


def _fingerprint(shared: blake2b, workspace: Workspace, name: str) -> str:
    told = shared.copy()
    document = workspace.documents[workspace.file_of("campaigns", name)]
    _tell(told, workspace.root, (document.file, *sorted(document.included)))
    told.update(repr(document.data).encode())
    return told.hexdigest()


def _tell(told: blake2b, root: Path, files: Iterable[str]) -> None:
    for file in files:
        try:
            content = (root / file).read_bytes()
        except OSError as error:
            content = repr(error.errno).encode()
        told.update(f"{file}\0{len(content)}\0".encode())
        told.update(content)


def _files(folder: Path, root: Path) -> Iterable[str]:
    for at, _, names in os.walk(folder):
        yield from (str(Path(at, name).relative_to(root)) for name in names)


@cache
def _program() -> list[tuple[str, int, int]]:
    """Each file of this program with its size and age, so that a newer one tries every letter anew."""
    found = []
    for at, _, names in os.walk(ENGINE):
        for name in names:
            if name.endswith(".py"):
                state = os.stat(os.path.join(at, name))
                found.append((os.path.join(at, name), state.st_size, state.st_mtime_ns))
    return sorted(found)


def _read(root: Path) -> dict[str, Entry]:
    """What is remembered; nothing where the file is missing or not one of ours."""
    try:
        found = json.loads((root / FOLDER / FILE).read_bytes())
        for entry in found.values():
            _problems(entry)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(found)


def _write(root: Path, kept: Mapping[str, Entry]) -> None:
    """Remember for next time. Where nothing can be written, every check tries every letter."""
    folder = root / FOLDER
    new = folder / f"{FILE}.{os.getpid()}"
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
        new.write_text(json.dumps(kept), encoding="utf-8")
        new.replace(folder / FILE)
    except OSError:
        new.unlink(missing_ok=True)
