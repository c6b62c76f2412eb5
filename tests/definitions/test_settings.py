"""What the environment decides: the workspace, the database, colours."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.settings import find_workspace, settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "project.yaml").write_text("project: x\n")
    (folder / "campaigns" / "2027").mkdir(parents=True)
    return folder


def test_the_nearest_workspace_upwards_is_used(root: Path) -> None:
    assert find_workspace(environment={}, here=root / "campaigns" / "2027") == root


def test_a_named_workspace_wins_over_the_variable_and_the_variable_over_the_folder(
    root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "config").mkdir(parents=True)
    (other / "config" / "project.yaml").write_text("project: y\n")
    variable = {"TOUCHBASE_WORKSPACE": str(other)}
    assert find_workspace(environment=variable, here=root) == other
    assert find_workspace(root, environment=variable, here=other) == root
    assert find_workspace(Path("letters"), environment={}, here=tmp_path) == root


def test_no_workspace_is_a_wrong_call_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no workspace here") as refused:
        find_workspace(environment={}, here=tmp_path)
    assert "touchbase init" in refused.value.help
    with pytest.raises(UsageError, match="TOUCHBASE_WORKSPACE"):
        find_workspace(environment={"TOUCHBASE_WORKSPACE": str(tmp_path)}, here=tmp_path)


def test_the_environments_database_wins_over_the_written_one(root: Path) -> None:
    plain = settings(root, environment={})
    assert plain.database_url("sqlite:///touchbase.db") == f"sqlite:///{root}/touchbase.db"
    assert plain.database_url("sqlite:////var/touchbase.db") == "sqlite:////var/touchbase.db"
    assert plain.database_url("postgresql://user@host/name") == "postgresql://user@host/name"
    chosen = settings(root, environment={"TOUCHBASE_DATABASE_URL": "postgresql://a@b/c"})
    assert chosen.database_url("sqlite:///touchbase.db") == "postgresql://a@b/c"


def test_colour_is_switched_off_by_no_color_unless_it_is_empty(root: Path) -> None:
    assert settings(root, environment={"NO_COLOR": ""}).colour
    assert not settings(root, environment={"NO_COLOR": "1"}).colour
    assert not settings(root, environment={"TERM": "dumb"}).colour
