"""Turns the models' errors into problems in a marketer's words, each at the one place that is to blame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from engine.definitions.places import Document, Key, Path, Place, problem_at
from engine.definitions.schema.base import NOTE_PREFIX, Definition
from engine.definitions.schema.providers import PROVIDER_TYPES
from engine.definitions.schema.segments import SUBJECTS
from engine.definitions.schema.steps import STEPS
from engine.definitions.schema.values import as_written, describe
from engine.definitions.shapes import definition_at, is_tag, settings_of
from engine.definitions.suggest import nearest, suggestion
from engine.model.problem import Problem

Error = dict[str, Any]
# What the readers of values say, who do not know the key they read for.
UNREADABLE = "cannot be read here"
EXPECTED = "expected "
NEEDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "`true` or `false`",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a group of settings",
    "model_type": "a group of settings",
    "model_attributes_type": "a group of settings",
}
BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
SUBJECT_KEYS = {
    "no_subject": ("this condition does not say what it tests", tuple(SUBJECTS)),
    "no_step": ("this step does not say what to do", tuple(STEPS)),
}


def explain(
    error: ValidationError, model: type[Definition], document: Document, at: Path = ()
) -> list[Problem]:
    """Every error of one validation as problems. `at`: the path of the validated value in the document."""
    teller = _Teller(model, document, at)
    errors: list[Error] = [dict(entry) for entry in error.errors(include_url=False)]
    replaced = {place for entry in errors if (place := teller.replaces(entry)) is not None}
    problems = []
    for entry in errors:
        location = tuple(entry["loc"])
        missing = entry["type"] == "missing" and teller.path(location) in replaced
        if not missing and not teller.told(location, whole=entry["type"] == "mistake"):
            problems.append(teller.problem(entry))
    return list(dict.fromkeys(problems))


def empty_values(document: Document) -> Iterator[tuple[Path, Problem]]:
    """Keys and list items with nothing behind them; notes may be empty."""
    for path, key in _nothing(document.data, ()):
        if path in document.broken:
            continue
        if isinstance(key, int):
            yield path, problem_at(document.value_place(path), "C010", "this list item is empty", "remove it")
        else:
            help = "remove the key, or write its settings below it, indented by two spaces"
            yield path, problem_at(document.key_place(path), "C010", f"`{key}` is empty", help)


def _nothing(data: Any, at: Path) -> Iterator[tuple[Path, Key]]:
    entries: Any = (
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    )
    for key, value in entries:
        if isinstance(key, str) and key.startswith(NOTE_PREFIX):
            continue
        if value is None:
            yield (*at, key), key
        yield from _nothing(value, (*at, key))


class _Teller:
    """Knows the model and the document while the errors of one validation are told."""

    def __init__(self, model: type[Definition], document: Document, at: Path) -> None:
        self.model = model
        self.document = document
        self.at = at

    def path(self, location: tuple[Key, ...]) -> Path:
        """The path in the document: without branches, and without the 0 of a list that was left out."""
        path = self.at
        for element in location:
            single = isinstance(element, int) and (*path, element) not in self.document.values
            if not is_tag(element) and element != "[key]" and not single:
                path = (*path, element)
        return path

    def told(self, location: tuple[Key, ...], *, whole: bool = False) -> bool:
        """True when a problem of this value was told already; `whole`: or of anything in it."""
        path, told = self.path(location), self.document.broken
        return any(path[: len(one)] == one or (whole and one[: len(path)] == path) for one in told)

    def replaces(self, error: Error) -> Path | None:
        """For an unknown key that looks like a setting: the path of that setting."""
        if error["type"] != "extra_forbidden":
            return None
        location = tuple(error["loc"])
        meant = nearest(str(location[-1]), self.known(location[:-1]))
        return (*self.path(location[:-1]), meant) if meant is not None else None

    def known(self, location: tuple[Key, ...]) -> list[str]:
        """The settings a mapping may have."""
        kind = definition_at(self.model, location)
        return list(settings_of(kind)) if kind is not None else []

    def problem(self, error: Error) -> Problem:
        """One error as a problem."""
        kind, location = str(error["type"]), tuple(error["loc"])
        if kind in NEEDS:
            return self.wrong_kind(error, location)
        if kind in BOUNDS:
            return self.out_of_bounds(error, location)
        if kind in SUBJECT_KEYS:
            return self.no_subject(error, location)
        tell = self.tellers().get(kind, self.unforeseen)
        return tell(error, location)

    def tellers(self) -> dict[str, Callable[[Error, tuple[Key, ...]], Problem]]:
        """How the other kinds of errors are told."""
        return {
            "extra_forbidden": self.unknown_key,
            "missing": self.missing,
            "literal_error": self.not_a_choice,
            "enum": self.not_a_choice,
            "mistake": self.mistake,
            "no_provider_type": self.no_provider_type,
            "string_pattern_mismatch": self.pattern,
            "too_short": self.wrong_length,
            "too_long": self.wrong_length,
        }

    def blamed(self, error: Error, location: tuple[Key, ...]) -> Place:
        """The value, or the key over it where the value is a group or a list, or is itself a key."""
        path = self.path(location)
        grouped = isinstance(error["input"], dict | list | tuple)
        if (location and location[-1] == "[key]") or (grouped and path in self.document.keys):
            return self.document.key_place(path)
        return self.document.value_place(path)

    def name(self, location: tuple[Key, ...]) -> str:
        """What to call the value: the nearest key above it."""
        words = [str(part) for part in self.path(location) if isinstance(part, str)]
        if location and location[-1] == "[key]":
            words.pop()
        return words[-1] if words else self.document.file

    def unknown_key(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A key that is no setting."""
        key = str(location[-1])
        place = self.document.key_place(self.path(location))
        known = self.known(location[:-1])
        help = suggestion(key, known, otherwise="remove it")
        return problem_at(place, "C002", f"`{key}` is not a setting here", help)

    def missing(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A setting that must be there."""
        key = str(location[-1])
        kind = definition_at(self.model, location[:-1])
        about = settings_of(kind)[key].description if kind is not None and key in settings_of(kind) else None
        help = f"add `{key}:`" + (f" ({about.rstrip('.')})" if about else "")
        above = self.path(location[:-1])
        return problem_at(self.document.key_place(above), "C003", f"`{key}` is missing", help)

    def not_a_choice(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A word that is none of the known ones."""
        choices = re.findall(r"'([^']*)'|\b(\d+)\b", error["ctx"]["expected"])
        words = [first or second for first, second in choices]
        written = error["input"]
        shown = f"`{as_written(written)}`" if isinstance(written, str | int | float) else describe(written)
        near = nearest(written, words) if isinstance(written, str) else None
        help = (f"did you mean `{near}`? " if near else "") + "choose from: " + ", ".join(words)
        return problem_at(
            self.blamed(error, location), "C004", f"{shown} is not a known `{self.name(location)}`", help
        )

    def mistake(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """An error in the models' own words."""
        context = error["ctx"]
        name = self.name(location)
        message = str(context["message"]).replace(UNREADABLE, f"cannot be read as `{name}`")
        message = message.replace(EXPECTED, f"`{name}` needs ")
        whole = isinstance(error["input"], dict | Definition)
        if context["at"]:
            place = self.document.key_place((*self.path(location), *context["at"]))
        elif whole:
            place = self.document.key_place(self.path(location))
        else:
            place = self.blamed(error, location)
        rule = definition_at(self.model, location) is not None
        return problem_at(place, "C009" if rule else "C005", message, str(context["help"]))

    def wrong_kind(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A list where text belongs, and so on."""
        needs, written = NEEDS[str(error["type"])], error["input"]
        found = describe(written)
        if isinstance(written, str | float) and len(as_written(written)) <= 40:
            found = f"the text `{written}`" if isinstance(written, str) else f"`{as_written(written)}`"
        help = ""
        if needs == "a list" and isinstance(written, str | int | float):
            help = f"write `[{as_written(written)}]`, or one value a line after `- `"
        elif needs == "a group of settings":
            known = self.known(location)
            help = (
                f"write its settings below it, like `{known[0]}: …`" if known else "write `name: …` below it"
            )
        elif needs.endswith("number") and isinstance(written, str):
            help = "write the number alone, without quotes or a unit"
        message = f"`{self.name(location)}` needs {needs}, found {found}"
        return problem_at(self.blamed(error, location), "C006", message, help)

    def out_of_bounds(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A number too small or too large."""
        words, key = BOUNDS[str(error["type"])]
        message = f"`{self.name(location)}` must be {words} {error['ctx'][key]:g}"
        return problem_at(self.blamed(error, location), "C007", message)

    def wrong_length(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A list with too few or too many values."""
        wanted = error["ctx"].get("min_length") or error["ctx"].get("max_length")
        message = f"`{self.name(location)}` needs {wanted} values"
        return problem_at(self.blamed(error, location), "C007", message)

    def pattern(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A word of the wrong shape."""
        message = f"`{as_written(error['input'])}` cannot be read as `{self.name(location)}`"
        return problem_at(self.blamed(error, location), "C005", message, "compare it with the reference")

    def no_subject(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A condition or a step without the key that says its kind."""
        message, subjects = SUBJECT_KEYS[str(error["type"])]
        written = error["input"]
        help = "begin it with one of: " + ", ".join(subjects)
        path = self.path(location)
        if not isinstance(written, dict):
            return problem_at(self.document.value_place(path), "C008", message, help)
        for key in written:
            near = nearest(key, subjects)
            if near is not None:
                place = self.document.key_place((*path, key))
                return problem_at(place, "C002", f"`{key}` is not a setting here", f"did you mean `{near}`?")
        first = next(iter(written), None)
        place = (
            self.document.key_place((*path, first)) if first is not None else self.document.value_place(path)
        )
        return problem_at(place, "C008", message, help)

    def no_provider_type(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """A provider entry without a known type."""
        written, path = error["input"], self.path(location)
        kind = written.get("type") if isinstance(written, dict) else None
        if kind is None:
            help = "add `type:` with one of: " + ", ".join(PROVIDER_TYPES)
            return problem_at(self.document.key_place(path), "C003", "`type` is missing", help)
        help = suggestion(as_written(kind), PROVIDER_TYPES)
        place = self.document.value_place((*path, "type"))
        return problem_at(place, "C004", f"`{as_written(kind)}` is not a known `type` of provider", help)

    def unforeseen(self, error: Error, location: tuple[Key, ...]) -> Problem:
        """Any other error, in the library's words."""
        return problem_at(self.blamed(error, location), "C099", f"`{self.name(location)}`: {error['msg']}")
