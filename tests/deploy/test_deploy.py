"""What deploys us says what the program knows: every command, option, variable, port and file in it is a real one.

There is no container engine here: images are not built by these tests, but what the image installs is.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from engine.cli.commands import VERBS, touchbase
from engine.daemon.daemon import GRACE
from engine.definitions.files import SECRETS_FILE
from engine.settings import DATABASE_VARIABLE, WORKSPACE_VARIABLE
from tests.docs.walk import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
HIGHEST_EXPOSURE = 20
"""Tenths, as `systemd-analyze security` counts them: 10.0 is no protection at all."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each in one line."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def of_kind(wanted: str) -> list[str]:
    return [rest for word, rest in instructions() if word == wanted]


def unit(path: Path) -> dict[str, list[str]]:
    """A unit's settings, by name; some are there more than once."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def understood(words: list[str]) -> click.Command:
    """The verb of a command line, whose options the program must know. Nothing is run."""
    name, *rest = words
    assert name in VERBS, f"there is no command {name}"
    command = touchbase.get_command(click.Context(touchbase), name)
    assert command is not None
    command.make_context(name, rest)
    return command


def command_lines() -> Iterator[list[str]]:
    """Every touchbase command in the files."""
    for path in UNITS:
        for value in unit(path)["ExecStart"]:
            program, *words = shlex.split(value)
            assert program.endswith("/touchbase")
            yield words
    yield ast.literal_eval(of_kind("CMD")[-1])
    for service in COMPOSE["services"].values():
        if service["image"] == "touchbase":
            yield service["command"]


@pytest.mark.parametrize("words", list(command_lines()), ids=" ".join)
def test_every_command_is_one_of_ours(words: list[str]) -> None:
    understood(words)


def test_the_image_begins_with_our_command() -> None:
    assert ast.literal_eval(of_kind("ENTRYPOINT")[-1]) == ["touchbase"]
    with pytest.raises(click.UsageError):
        understood(["run", "--no-such-option"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_waits_longer_than_we_need_to_stop_and_tells_its_workspace(path: Path) -> None:
    found = unit(path)
    assert int(found["TimeoutStopSec"][0]) > GRACE
    assert found["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert found["Environment"] == [f"{WORKSPACE_VARIABLE}={found['WorkingDirectory'][0]}"]
    assert found["ReadWritePaths"] == found["WorkingDirectory"]
    assert found["Restart"] == ["always"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_the_unit_and_finds_it_well_locked(path: Path, tmp_path: Path) -> None:
    analyse = shutil.which("systemd-analyze")
    if analyse is None:
        pytest.skip("systemd-analyze is not on this machine")
    here = tmp_path / path.name
    # What it starts is not installed here; /bin/true is.
    here.write_text(re.sub(r"/opt/touchbase/bin/touchbase", "/bin/true", path.read_text()), encoding="utf-8")
    done = subprocess.run([analyse, "verify", here], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    locked = [analyse, "security", "--offline=true", f"--threshold={HIGHEST_EXPOSURE}", "--no-pager", here]
    done = subprocess.run(locked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_containers_wait_as_long_and_may_do_little() -> None:
    ours = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "touchbase"}
    assert set(ours) == {"daemon", "worker"}
    for service in ours.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > GRACE
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert DATABASE_VARIABLE in service["environment"]
        assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
        build = service["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
        folder = dict(line.split("=", 1) for line in of_kind("ENV")[0].split())[WORKSPACE_VARIABLE]
        assert [volume.partition(":")[2] for volume in service["volumes"]] == [folder]
    assert ours["worker"]["healthcheck"] == {"disable": True}
    assert COMPOSE["services"]["database"]["volumes"][0].partition(":")[0] in COMPOSE["volumes"]


def test_the_web_part_is_published_to_this_machine_alone_where_it_listens() -> None:
    words = COMPOSE["services"]["daemon"]["command"]
    port = words[words.index("--port") + 1]
    assert COMPOSE["services"]["daemon"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert of_kind("EXPOSE") == [port]
    (check,) = of_kind("HEALTHCHECK")
    assert f"127.0.0.1:{port}/livez" in check
    program = ast.literal_eval(check.partition("CMD ")[2])
    compile(program[2], "healthcheck", "exec")


def test_nobody_in_the_image_is_root() -> None:
    assert of_kind("USER") == ["10001:10001"]
    assert [word for word, _ in instructions()].index("USER") > 0
    assert of_kind("STOPSIGNAL") == ["SIGTERM"]


def sources() -> list[str]:
    """What the image is built from."""
    copied = [rest.split()[:-1] for rest in of_kind("COPY") if not rest.startswith("--from")]
    return [name for names in copied for name in names]


def test_what_is_not_copied_is_kept_out_of_the_context() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(sources())
    assert str(SECRETS_FILE) in rules


@pytest.mark.slow
def test_what_is_copied_is_enough_to_install(tmp_path: Path) -> None:
    context = tmp_path / "src"
    context.mkdir()
    for name in sources():
        found = ROOT / name
        if found.is_dir():
            shutil.copytree(found, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(found, context / name)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."]
    subprocess.run([*wheel, "--wheel-dir", tmp_path], cwd=context, check=True, timeout=300)
    (made,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(made).namelist()
    for needed in ("engine/__main__.py", "engine/web/pages/base.html", "engine/example/config/project.yaml"):
        assert needed in names
    assert not [name for name in names if name.endswith((".db", "secrets.yaml")) or "__pycache__" in name]
