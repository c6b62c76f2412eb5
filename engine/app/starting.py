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
DEMO_READER = "yasmine.benali@example.net"
DEMO_LETTER = "letter.html"
DEMO_PICTURES = ("https://journal.kettleandpage.example/images/", "config/sample/images/")
"""Where the invented journal would keep its pictures, and where they lie in the example."""
IGNORED = """\
# What belongs to this machine and to people alone: never into version control.
touchbase.db*
outbox/
*.rejects.csv
config/secrets.yaml
.schema/
"""
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
    files.append(_ignore(folder))
    app = App.open(folder)
    try:
        report = app.import_customers(folder / "config" / "sample" / "customers.csv")
    finally:
        app.close()
    return Started(sorted(files), report.added)


def demonstrate(folder: Path, tell: Callable[[str], None]) -> RunReport:
    """Lay out the example workspace in `folder`, import its people, check, plan and send its newsletter.

    One reader's letter is laid beside the outbox as a page with its pictures, for those without a mail program.
    """
    from engine.app import tiering
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
        tiers = tiering.apply(app.desk)
        tell("tiers: " + ", ".join(f"{line.after:,} {line.tier}" for line in tiers.tiers if line.after))
        prepared = app.prepare(DEMO_CAMPAIGN)
        tell(f"{DEMO_CAMPAIGN}: {prepared.to_send:,} letters in {prepared.variants} variants are ready")
        report = app.send(prepared)
        page = app.preview(DEMO_CAMPAIGN, DEMO_READER).html.replace(*DEMO_PICTURES)
        (folder / DEMO_LETTER).write_text(page, encoding="utf-8")
        return report
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
    _ignore(folder)


def _ignore(folder: Path) -> str:
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    return ".gitignore"


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
