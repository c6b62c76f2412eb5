"""The house's own rules: floors, file sizes, first lines, the error tree, and what must not load for --help."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from engine import errors

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "engine").rglob("*.py"))
CEILING = 400
MEDIAN = 150
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
HEAVY = ("httpx", "premailer", "sqlalchemy", "pydantic", "feedparser", "lxml", "jinja2", "psycopg", "alembic")


def test_the_floors_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_its_room_is_for(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert docstring, f"{module} has no docstring"
    assert docstring.splitlines()[0].strip()


def test_files_are_small_and_named_by_their_subject() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    too_long = {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > CEILING}
    assert not too_long
    assert statistics.median(lengths.values()) <= MEDIAN
    assert not [path for path in MODULES if FORBIDDEN_NAMES & {path.stem, path.parent.name}]


def test_the_error_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+)\s+\((\d+)\)", errors.__doc__ or ""))
    real = {
        name: str(value.exit_code)
        for name, value in vars(errors).items()
        if isinstance(value, type)
        and issubclass(value, errors.TouchbaseError)
        and value is not errors.TouchbaseError
    }
    assert drawn == real


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from engine.cli import run; run(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_nothing_unfinished_is_left_in_the_engine() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found
