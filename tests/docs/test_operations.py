"""The lists of the operations pages are those of the code."""

from __future__ import annotations

from engine.model.status import Kind
from tests.docs.test_complete import COMMANDS, section, words


def test_every_kind_of_need_is_documented() -> None:
    assert words(section(COMMANDS, "status")) - {"kind", "stop_if"} == {kind.value for kind in Kind}
