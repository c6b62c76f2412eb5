"""The lists of the operations pages are those of the code."""

from __future__ import annotations

from engine.logs import FIELDS, FORMATS, LEVELS
from engine.model.status import Kind
from tests.docs.test_complete import COMMANDS, section, words
from tests.docs.walk import ROOT

OPERATE = (ROOT / "docs" / "howto" / "operate.md").read_text(encoding="utf-8")


def test_every_kind_of_need_is_documented() -> None:
    assert words(section(COMMANDS, "status")) - {"kind", "stop_if"} == {kind.value for kind in Kind}


def test_every_field_of_a_log_line_is_documented() -> None:
    text = section(OPERATE, "Logs")
    assert words(text) == set(FIELDS)
    for word in (*FORMATS, *LEVELS, "TOUCHBASE_LOG_FORMAT", "TOUCHBASE_LOG_LEVEL"):
        assert f"`{word}`" in text
