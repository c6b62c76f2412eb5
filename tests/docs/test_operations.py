"""The lists of the operations pages are those of the code."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime

import pytest

from engine.app.measuring import Measures
from engine.logs import FIELDS, FORMATS, LEVELS
from engine.model.finding import Verdict
from engine.model.status import Kind, Status
from engine.store.totals import Totals
from engine.web.metrics import House
from tests.docs.test_complete import COMMANDS, section, words
from tests.docs.walk import ROOT

DEPLOY = (ROOT / "docs" / "howto" / "deploy.md").read_text(encoding="utf-8")
OPERATE = (ROOT / "docs" / "howto" / "operate.md").read_text(encoding="utf-8")


def test_every_kind_of_need_is_documented() -> None:
    assert words(section(COMMANDS, "status")) - {"kind", "stop_if"} == {kind.value for kind in Kind}


def used_checks() -> set[str]:
    """The words that findings are made with."""
    found = set()
    for path in [
        *(ROOT / "engine" / "flows" / "examine").glob("*.py"),
        ROOT / "engine" / "app" / "examining.py",
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                if name in {"fine", "problem", "warning", "unknown", "skipped", "judge"}:
                    found.add(str(node.args[0].value))
    return found


def test_every_check_of_doctor_is_documented() -> None:
    text = section(COMMANDS, "doctor")
    told = words(text) - {"check", "config/secrets.yaml", "TOUCHBASE_NOW"}
    assert told == used_checks()
    for verdict in Verdict:
        assert f"`{verdict}`" in text


def test_every_field_of_a_log_line_is_documented() -> None:
    text = section(OPERATE, "Logs")
    assert words(text) == set(FIELDS)
    for word in (*FORMATS, *LEVELS, "TOUCHBASE_LOG_FORMAT", "TOUCHBASE_LOG_LEVEL"):
        assert f"`{word}`" in text


def test_every_metric_is_documented_with_its_labels() -> None:
    measures = Measures(Status(datetime(2027, 1, 5, tzinfo=UTC)), Totals({}, {}, {}, {}))
    real = {
        metric.name + ("_total" if metric.type == "counter" else ""): getattr(metric, "_labelnames", ())
        for metric in House(measures, 0).collect()
    }
    told = {}
    for written in words(section(OPERATE, "Metrics")):
        name, _, labels = written.partition("{")
        if name.startswith("touchbase_"):
            told[name] = tuple(re.findall(r"\w+", labels))
    assert told == {name: tuple(labels) for name, labels in real.items()}


def routes() -> set[str]:
    """Every address the web part answers."""
    found = set()
    for path in (ROOT / "engine" / "web").glob("*.py"):
        found |= set(re.findall(r'Route\(\s*"(/[^"]*)"', path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("page", [OPERATE, DEPLOY], ids=["operate", "deploy"])
def test_the_web_server_in_front_passes_on_what_readers_need_and_nothing_else(page: str) -> None:
    (pattern,) = re.findall(r"location ~ (\S+) \{", page)
    exact = re.findall(r"location = (\S+) \{", page)
    passed = {route for route in routes() if re.match(pattern, route) or route in exact}
    assert routes() - passed == {"/metrics", "/readyz"}
