"""Beginning: a new workspace that works at once, and the example end to end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError
from engine.model.report import RunReport

PACKAGE = Path(__file__).resolve().parents[1]
STARTER = Path(__file__).resolve().parent / "starter"
DEMO_MARK = ".touchbase-demo"
DEMO_CAMPAIGN = "monthly-digest"
FOLDERS = ("campaigns", "templates", "config")


@dataclass(frozen=True, slots=True)
class Started:
    """What `init` wrote."""

    files: list[str]
    customers: int


def initialise(folder: Path) -> Started:
    """Write a small workspace into `folder` (new or empty) and import its sample customers."""
    from engine.app.verbs import App

    _refuse_occupied(folder)
    files = [*_copy(STARTER, folder), *_copy(_example("templates"), folder / "templates", under="templates")]
    app = App.open(folder)
    try:
        report = app.import_customers(folder / "config" / "sample" / "customers.csv")
    finally:
        app.close()
    return Started(sorted(files), report.added)


def demonstrate(folder: Path, tell: Callable[[str], None]) -> RunReport:
    """Lay out the example workspace in `folder`, import its people, check, plan and send its newsletter."""
    from engine.app.checking import check
    from engine.app.verbs import App

    _lay_out_example(folder)
    tell(f"the example workspace is in {folder}")
    tell(check(folder, ()).summary)
    app = App.open(folder)
    try:
        sample = folder / "config" / "sample"
        people = app.import_customers(sample / "customers.csv")
        tell(f"{people.added:,} customers imported, {people.rejected:,} rejected")
        for path in sorted((sample / "events").glob("*.csv")):
            events = app.import_events(path, path.stem)
            tell(f"{events.added:,} {path.stem} events imported")
        prepared = app.prepare(DEMO_CAMPAIGN)
        tell(f"{DEMO_CAMPAIGN}: {prepared.to_send:,} letters in {prepared.variants} variants are ready")
        return app.send(prepared)
    finally:
        app.close()


def _example(name: str) -> Path:
    """A folder of the example workspace: inside the installed package, or at the repository's root."""
    for root in (PACKAGE / "example", PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise UsageError(f"the example's {name} folder is missing", help="reinstall touchbase")


def _lay_out_example(folder: Path) -> None:
    if folder.exists():
        if any(folder.iterdir()) and not (folder / DEMO_MARK).exists():
            raise UsageError(
                f"{folder} is not empty and was not made by `demo`", help="choose another --folder"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / DEMO_MARK).write_text(
        "Made by `touchbase demo`; each demo starts afresh here.\n", encoding="utf-8"
    )
    for name in FOLDERS:
        _copy(_example(name), folder / name, under=name)


def _refuse_occupied(folder: Path) -> None:
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty", help="name a new folder: touchbase init my-letters")


def _copy(source: Path, target: Path, *, under: str = "") -> list[str]:
    written = []
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_dir() or any(part.startswith((".", "__pycache__")) for part in relative.parts):
            continue
        destination = target / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)
        written.append(str(Path(under) / relative))
    return written
