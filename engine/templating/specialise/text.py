"""Text that has been written into a buffer, as a value."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from engine.templating.specialise.capture import expression, note
from engine.templating.specialise.code import Code, Show, is_text
from engine.templating.specialise.machine import Machine
from engine.templating.specialise.values import Dynamic, Fragment, Static, Value


def fragment(machine: Machine, code: list[Code], *, movable: bool) -> Value:
    """What a buffer holds: known text, or text with pieces; markup where the letter is escaped."""
    if is_text(code):
        text: Any = "".join(map(str, code))
        return Static(Markup(text) if machine.escapes else text)
    return Fragment(code, movable, machine.region.loop)


def show(machine: Machine, value: Value) -> None:
    """Writes a personal value where it stands."""
    if isinstance(value, Fragment) and _splices(machine, value):
        machine.code.extend(value.code)
        return
    note(machine, value)
    machine.write(Show(expression(machine, value)))


def _splices(machine: Machine, value: Fragment) -> bool:
    """May the text stand here itself instead of through a variable?"""
    if value.let is None:
        return True
    if not value.movable or value.loop is not machine.region.loop:
        return False
    assert value.region is not None
    if machine.region.certain_since(value.region):
        value.let.spliced = True
    return True


def insert(machine: Machine, value: Value) -> None:
    """Writes a value without escaping, as call and filter blocks do."""
    if isinstance(value, Static):
        if not isinstance(value.value, str):
            raise machine.refuse(f"a block gives a {type(value.value).__name__} instead of text")
        machine.write(str(value.value))
    elif isinstance(value, Fragment):
        machine.code.extend(value.code)
    elif isinstance(value, Dynamic):
        raise machine.refuse("a block gives something that is not certainly text")
    else:
        raise machine.refuse("a block gives something that is not text")
