"""The editor and the command line show the same problems on the same lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.definitions.checks.everything import load_and_check
from engine.definitions.editor import (
    CUSTOM_TAGS,
    editor_settings,
    schema_globs,
    write_editor_settings,
    write_schemas,
)
from tests.definitions.language_server import LanguageServer, server_script
from tests.definitions.places import ENVIRONMENT, broken_files, broken_workspace, good_workspace

# What a schema can know: unknown and missing keys, wrong words, wrong types. Names in other files, rules between
# keys and the calendar are for `check` alone.
SCHEMA_CODES = {"C001", "C002", "C003", "C004", "C005", "C006", "C007", "C008", "C010"}
BEYOND_A_SCHEMA = {
    "campaign/day-not-in-calendar",
    "campaign/zone-not-on-earth",
    "campaign/secret-in-a-letter",
    "policy/floor-in-hours",
    "policy/sunset-in-hours",
    "project/bad-zone",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    script = server_script(tmp_path_factory.mktemp("language-server"))
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(folder)
    schemas = {
        (folder / name).as_uri(): [f"**/{glob}" for glob in globs] for name, globs in schema_globs().items()
    }
    settings = {
        "validate": True,
        "completion": True,
        "hover": True,
        "customTags": CUSTOM_TAGS,
        "schemas": schemas,
        "schemaStore": {"enable": False},
    }
    with LanguageServer(script, settings) as running:
        yield running


def test_a_schema_is_written_for_every_kind_of_file(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / ".schema")
    assert {path.name for path in written} == set(schema_globs())
    for path in written:
        schema = json.loads(path.read_text(encoding="utf-8"))
        assert schema["$schema"].startswith("http://json-schema.org/draft-07")
        assert '"null"' not in path.read_text(encoding="utf-8")


def test_the_settings_for_an_editor_name_every_schema() -> None:
    assert set(editor_settings()["yaml.schemas"]) == {f"./.schema/{name}" for name in schema_globs()}


def test_somebodys_own_editor_settings_are_left_alone(tmp_path: Path) -> None:
    written = write_editor_settings(tmp_path)
    assert written is not None
    assert json.loads(written.read_text(encoding="utf-8")) == editor_settings()
    written.write_text("{}", encoding="utf-8")
    assert write_editor_settings(tmp_path) is None
    assert written.read_text(encoding="utf-8") == "{}"


@pytest.mark.slow
def test_the_language_server_has_nothing_to_say_about_a_good_workspace(
    server: LanguageServer, tmp_path: Path
) -> None:
    root = good_workspace(tmp_path)
    files = sorted(path for path in root.rglob("*.yaml") if path.is_file())
    assert len(files) == 11
    assert server.lines_with_problems(*files) == {path: {} for path in files}


@pytest.mark.slow
def test_the_language_server_and_check_agree_on_every_line(server: LanguageServer, tmp_path: Path) -> None:
    ours: dict[Path, tuple[str, set[int]]] = {}
    for number, broken in enumerate(broken_files()):
        name = f"{broken.parent.name}/{broken.stem}"
        root, file = broken_workspace(tmp_path / str(number), broken)
        _, problems = load_and_check(root, environment=ENVIRONMENT)
        here = [found for found in problems if found.file == file]
        if (
            name in BEYOND_A_SCHEMA
            or any(found.code.startswith("Y") for found in here)
            or file.endswith("other.yaml")
        ):
            continue
        ours[root / file] = name, {found.line for found in here if found.code in SCHEMA_CODES}
    theirs = server.lines_with_problems(*ours)
    differences = {}
    for path, (name, lines) in ours.items():
        # A misspelt key that is also missing is one message here, and two of the server's.
        twice = {
            line for line, said in theirs[path].items() if all(word.startswith("Missing") for word in said)
        }
        if not lines <= set(theirs[path]) or not set(theirs[path]) - lines <= twice:
            differences[name] = (sorted(lines), theirs[path])
    assert differences == {}
    assert sum(bool(lines) for _, lines in ours.values()) >= 35


@pytest.mark.slow
def test_the_language_server_completes_and_explains_keys(server: LanguageServer, tmp_path: Path) -> None:
    root = good_workspace(tmp_path)
    file = root / "campaigns" / "monthly-digest.yaml"
    file.write_text("campaign: a\npurpose: service\naudience:\n  include: [staff]\n  \n", encoding="utf-8")
    server.lines_with_problems(file)
    assert {"exclude", "holdout"} <= server.completions(file, 4, 2)
    assert "Only `active` sends" not in server.hover(file, 1, 2)
    assert "needs consent" in server.hover(file, 1, 2)
