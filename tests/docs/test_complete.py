"""What the code has, the pages name: commands and their options, exit codes, states, reasons, errors, problems."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from engine import cli, errors
from engine.cli import failing
from engine.cli.commands import VERBS, touchbase
from engine.definitions.checks.not_yet import CONSTRUCTS
from engine.errors import TouchbaseError
from engine.model.built_in_events import BUILT_IN_EVENTS
from engine.model.words import Reason, State
from engine.providers.registry import PROVIDERS
from tests.docs.walk import ROOT

COMMANDS = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
CONCEPTS = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
EVERYWHERE = {"--json", "--workspace", "--help"}
CODE = re.compile(r"[CNTXY]\d{3}")


def section(page: str, title: str) -> str:
    """What stands under a heading, which may name several things: `pause, resume`."""
    found = re.search(
        rf"^## (?:\w+, )*{re.escape(title)}(?:, \w+)*\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"there is no heading {title}"
    return found[1]


def cells(page: str, column: int = 0) -> list[str]:
    """One column of every table of a page, without its marks."""
    rows = re.findall(r"^\|(.+)\|$", page, re.MULTILINE)
    return [row.split("|")[column].strip() for row in rows]


def words(page: str) -> set[str]:
    """Everything in `backticks` in the first column of the tables."""
    return {word for cell in cells(page) for word in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_and_every_option_is_documented(verb: str) -> None:
    text = section(COMMANDS, verb)
    command = touchbase.get_command(click.Context(touchbase), verb)
    assert command is not None
    assert command.help
    assert f"`touchbase {verb}" in text
    for name, inside in leaves(verb, command):
        assert f"touchbase {name}" in text
        for parameter in inside.params:
            if isinstance(parameter, click.Option) and not EVERYWHERE & set(parameter.opts):
                assert parameter.help, f"{name} {parameter.opts}"
                assert any(option in text for option in parameter.opts), f"{name} {parameter.opts}"


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, or the commands of a group."""
    if isinstance(command, click.Group):
        for below, inside in command.commands.items():
            yield from leaves(f"{name} {below}", inside)
    else:
        yield name, command


def test_no_command_is_documented_that_is_not_there() -> None:
    titles = re.findall(r"^## ([\w, ]+)$", COMMANDS, re.MULTILINE)
    assert sorted(name for title in titles for name in title.split(", ")) == sorted(VERBS)


def family(error: type[TouchbaseError]) -> Iterator[type[TouchbaseError]]:
    yield error
    for child in error.__subclasses__():
        yield from family(child)


FAMILY = [error for error in family(TouchbaseError) if error.__module__.startswith("engine.")]


def test_every_exit_code_is_documented() -> None:
    codes = {error.exit_code for error in FAMILY} | {0, failing.EXIT_BROKE, cli.EXIT_INTERRUPTED}
    told = {int(cell) for cell in cells(COMMANDS) if cell.isdecimal()}
    assert told == codes


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_every_error_is_documented_with_its_exit_code(error: type[TouchbaseError]) -> None:
    assert f"| `{error.__name__}` | {error.exit_code} |" in ERRORS
    assert error.__name__ in (errors.__doc__ or "")


def test_every_state_and_every_reason_is_documented() -> None:
    drawing = section(CONCEPTS, "A delivery's states")
    for state in State:
        assert state.value in drawing or state.value.replace("_", " ") in drawing, state
    assert words(section(CONCEPTS, "Reasons")) == {reason.value for reason in Reason}


def test_every_built_in_event_is_documented_with_whether_a_file_may_bring_it_in() -> None:
    text = section(CONCEPTS, "Events with a meaning of their own")
    assert words(text) == set(BUILT_IN_EVENTS)
    alone = {cells(row)[0].strip("`") for row in text.splitlines() if "Touchbase alone" in row}
    assert alone == {name for name, event in BUILT_IN_EVENTS.items() if not event.imported}


def used_codes() -> set[str]:
    """The codes of problems in the code, as whole texts."""
    found = set()
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return found


def test_every_problem_check_can_tell_is_documented() -> None:
    later = {construct.code for construct in CONSTRUCTS}
    told = [cell for cell in cells(section(ERRORS, "What check says")) if CODE.fullmatch(cell)]
    assert len(told) == len(set(told))
    assert set(told) == used_codes() - later
    reference = (ROOT / "docs" / "reference" / "campaign.md").read_text(encoding="utf-8")
    assert all(f"`{construct.key}`" in reference for construct in CONSTRUCTS)


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_provider_has_its_page(kind: str) -> None:
    index = (ROOT / "docs" / "providers" / "index.md").read_text(encoding="utf-8")
    assert f"| `{kind}` |" in index
    assert (ROOT / "docs" / "providers" / f"{kind}.md").is_file()


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(page: Path) -> set[str]:
    """The anchors a page offers, made from its headings as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page.name} links to {target}"
        assert found.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(found), f"{page.name} links to {target}"


def test_every_page_can_be_found_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if not link.startswith("http")]
    assert set(pages()) <= seen
