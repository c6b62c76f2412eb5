"""Reads one YAML file strictly, keeping the place of every key and value.

On PyYAML's events (in C where that is built, else pure Python), with a limit on depth, so that a hostile file
costs no more than its size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

import yaml

from engine.definitions.places import Document, Key, Path, Place, Unreadable, problem_at, refusal
from engine.definitions.scalars import plain_value
from engine.definitions.schema.values import Secret
from engine.definitions.syntax import explain
from engine.model.problem import Problem

LARGEST_FILE = 256 * 1024
DEEPEST = 32
MOST_INCLUDES = 100
TAGS = ("!secret", "!env", "!include")
# YAML's printable characters (spec 1.2.2, rule 1), without the byte order mark inside a file.
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=\S)", re.MULTILINE)

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Source:
    """What tags may reach: the workspace's folder, the environment and the secrets by name."""

    root: FilePath
    environment: Mapping[str, str] = field(default_factory=dict)
    secret: Callable[[str], str | None] = field(default=lambda name: None)


def load(path: FilePath, source: Source) -> tuple[Document | None, list[Problem]]:
    """One file. The document is None when it cannot be read at all; problems are told either way."""
    reader = _Reader(source)
    try:
        data = reader.file(path, (), ())
    except Unreadable as error:
        return None, [*reader.problems, error.problem]
    name = relative(path, source.root)
    included, broken = frozenset(reader.included), frozenset(reader.broken)
    return Document(name, data, reader.keys, reader.values, included, broken), reader.problems


def relative(path: FilePath, root: FilePath) -> str:
    """The path as shown to people: from the workspace's folder, with forward slashes."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def read_file(path: FilePath, name: str) -> str:
    """The text of a file. Raises Unreadable when it is too large, not text, or cannot be opened."""
    place = Place(name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise refusal(place, "Y013", f"this file cannot be read: {error.strerror or error}") from error
    if len(raw) > LARGEST_FILE:
        help = "split it, or keep data in a CSV file"
        raise refusal(place, "Y005", f"this file is larger than {LARGEST_FILE // 1024} KB", help)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        message, help = "these bytes are not UTF-8", "save the file with the encoding UTF-8"
        raise refusal(_place_at(name, before, len(before)), "Y007", message, help) from error
    _refuse_signs(text, name)
    return text


def _refuse_signs(text: str, name: str) -> None:
    if found := UNPRINTABLE.search(text):
        message = f"there is an invisible control character here (U+{ord(found[0]):04X})"
        raise refusal(_place_at(name, text, found.start()), "Y007", message, "delete it")
    if found := TAB_INDENT.search(text):
        place = _place_at(name, text, found.start() + found[0].index("\t"))
        raise refusal(place, "Y003", "a tab cannot indent a line", "use two spaces instead")


def _place_at(name: str, text: str, offset: int) -> Place:
    start = text.rfind("\n", 0, offset) + 1
    return Place(name, text.count("\n", 0, offset) + 1, offset - start + 1)


class _Reader:
    """Collects places and problems while reading one file and everything it includes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self.included: list[str] = []
        self.broken: list[Path] = []

    def file(self, path: FilePath, at: Path, within: tuple[FilePath, ...]) -> Any:
        """The data of a file, its places recorded below `at`; `within`: the files that include it."""
        name = relative(path, self.source.root)
        text = read_file(path, name)
        parser = _Parser(text)
        try:
            return _Walk(self, parser, name, path, within).document(at)
        except yaml.MarkedYAMLError as error:
            raise explain(error, text, name) from error
        finally:
            parser.dispose()

    def tagged(
        self, tag: str, written: str, place: Place, path: FilePath, at: Path, within: tuple[FilePath, ...]
    ) -> Any:
        """The value of a tagged scalar."""
        if tag == "!secret":
            return Secret(written, self.source.secret(written))
        if tag == "!env":
            value = self.source.environment.get(written)
            if not value:
                help = f"export {written}=… before the command"
                self.problems.append(problem_at(place, "Y011", f"the variable {written} is not set", help))
                self.broken.append(at)
                return None
            return plain_value(value)
        return self.include(written, place, path, at, within)

    def include(
        self, written: str, place: Place, path: FilePath, at: Path, within: tuple[FilePath, ...]
    ) -> Any:
        """The data of another file of the workspace."""
        try:
            target, chain = (path.parent / written).resolve(), (*within, path.resolve())
            found = target.is_file()
        except (OSError, RuntimeError) as error:  # a name too long to be one, links that go in circles
            raise refusal(place, "Y010", f"`{written}` cannot be a file", "write a shorter path") from error
        if not target.is_relative_to(self.source.root.resolve()):
            raise refusal(place, "Y010", f"`{written}` lies outside the workspace", "move the file into it")
        if target in chain:
            raise refusal(place, "Y010", f"`{written}` includes itself", "remove one of the two `!include`s")
        if not found:
            raise refusal(place, "Y010", f"there is no file `{written}`", f"looked for {self._shown(target)}")
        self.included.append(self._shown(target))
        if len(self.included) > MOST_INCLUDES:
            raise refusal(place, "Y010", f"more than {MOST_INCLUDES} files are included", "put them together")
        return self.file(self.source.root / target.relative_to(self.source.root.resolve()), at, chain)

    def _shown(self, target: FilePath) -> str:
        return relative(target, self.source.root.resolve())


class _Walk:
    """One pass over one file's events."""

    def __init__(
        self, reader: _Reader, parser: Any, name: str, path: FilePath, within: tuple[FilePath, ...]
    ) -> None:
        self.reader = reader
        self.parser = parser
        self.name = name
        self.path = path
        self.within = within

    def document(self, at: Path) -> Any:
        """The one document of the file."""
        self.parser.get_event()  # the stream's start
        event = self.parser.get_event()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        data = self.value(self.parser.get_event(), at, 0)
        self.parser.get_event()  # the document's end
        event = self.parser.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            help = "remove the line `---`; one file is one document"
            raise refusal(self.place(event), "Y006", "a second document starts here", help)
        return data

    def place(self, event: Any) -> Place:
        """Where an event is written, one line wide."""
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 1
        return Place(self.name, start.line + 1, start.column + 1, max(width, 1))

    def value(self, event: Any, at: Path, depth: int) -> Any:
        """Any value, recorded at the path `at`."""
        place = self.place(event)
        self.reader.values[at] = place
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            help = "write the value out; `&`, `*` and `<<` are not used here, and text with them needs quotes"
            raise refusal(place, "Y004", "anchors and aliases are not allowed", help)
        if depth > DEEPEST:
            raise refusal(place, "Y008", f"this is nested more than {DEEPEST} levels deep", "make it flatter")
        if event.tag is not None and event.tag != "!":
            return self.tagged(event, place, at)
        if isinstance(event, yaml.ScalarEvent):
            return plain_value(event.value) if event.implicit[0] and not event.style else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(at, depth)
        return self.entries(at, depth)

    def tagged(self, event: Any, place: Place, at: Path) -> Any:
        """A value with a tag."""
        if event.tag not in TAGS:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            help = f"only {', '.join(TAGS)} are known; text that starts with `!` needs quotes"
            raise refusal(place, "Y009", f"`{shown}` is not a known tag", help)
        if not isinstance(event, yaml.ScalarEvent) or not event.value.strip():
            raise refusal(place, "Y009", f"`{event.tag}` needs a name after it", f"write `{event.tag} NAME`")
        return self.reader.tagged(str(event.tag), event.value, place, self.path, at, self.within)

    def items(self, at: Path, depth: int) -> list[Any]:
        """A list."""
        items: list[Any] = []
        while not isinstance(event := self.parser.get_event(), yaml.SequenceEndEvent):
            items.append(self.value(event, (*at, len(items)), depth + 1))
        return items

    def entries(self, at: Path, depth: int) -> dict[Key, Any]:
        """A mapping; a key that is written twice keeps its first value."""
        entries: dict[Key, Any] = {}
        while not isinstance(event := self.parser.get_event(), yaml.MappingEndEvent):
            key, place = self.key(event)
            path = (*at, key)
            if key in entries:
                first = self.reader.keys[path]
                message, help = (
                    f"`{key}` is written twice",
                    f"the first is on line {first.line}; keep one of them",
                )
                self.reader.problems.append(problem_at(place, "Y002", message, help))
                path = (*at, f"{key}\0{place.line}:{place.column}")
                self.value(self.parser.get_event(), path, depth + 1)
                continue
            self.reader.keys[path] = place
            entries[key] = self.value(self.parser.get_event(), path, depth + 1)
        return entries

    def key(self, event: Any) -> tuple[str, Place]:
        """A key, always text as written."""
        place = self.place(event)
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            braces = isinstance(event, yaml.MappingStartEvent) and event.flow_style
            place = replace(place, column=max(place.column - 1, 1), width=2) if braces else place
            message = "`{{` starts a group here, not a template" if braces else "a key must be one word"
            help = "a value with `{{` needs quotes around it" if braces else "write `key: value`"
            raise refusal(place, "Y001" if braces else "Y012", message, help)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.value == "<<":
            raise refusal(place, "Y004", "anchors, aliases and `<<` are not allowed", "write the values out")
        if event.tag is not None and event.tag != "!":
            raise refusal(place, "Y009", "a key has no tag", "write the key as plain text")
        if not event.value:
            raise refusal(place, "Y012", "there is no key before this colon", "write `key: value`")
        return event.value, place
