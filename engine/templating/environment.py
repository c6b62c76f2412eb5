"""The sandbox templates run in: plain data, no way out into the world, and errors that name what is missing."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

from jinja2 import BaseLoader, FileSystemLoader, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.templating.filters import FILTERS, LAZY_FILTERS, as_list

# A letter repeats something a few times, never this often; the limits only stop runaway templates.
LONGEST_RANGE = 10_000
LONGEST_TEXT = 1_000_000
WIDEST_FIELD = 1_000
LARGEST_EXPONENT = 64

_HTML_ENDINGS = (".html", ".htm", ".xml", ".html.j2", ".htm.j2", ".xml.j2", ".html.jinja", ".htm.jinja")
# Their effect differs between two renderings of the same letter, or shows the inside of the program.
_REMOVED_FILTERS = ("random", "pprint", "xmlattr")
_REMOVED_GLOBALS = ("lipsum",)
_DICT_ATTRIBUTES = frozenset(dir(dict))
_WIDE_FIELD = re.compile(r"\d{4,}|\*|\{[^{}]*\{")
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


class Missing(Undefined):
    """A value that is not there.

    False in a condition, comparable, and accepted by `default` and `is defined`; writing it, looping over it,
    filtering it or calculating with it raises UndefinedError: "customer.first_name has no value".
    """

    __slots__ = ("path",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.path = ""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        return f"{self.path or self._undefined_name} has no value"

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise self._undefined_exception(self._undefined_message)

    __str__ = __iter__ = __len__ = __contains__ = __reversed__ = __format__ = _refuse

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"Missing({self._undefined_message!r})"

    __eq__ = Undefined.__eq__
    __hash__ = Undefined.__hash__


class PathGenerator(CodeGenerator):
    """Compiles `a.b` so that a missing value knows its whole path, and plain dicts are read directly."""

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:  # noqa: N802
        if not node.with_context and frame.buffer is not None:
            # Jinja's own code would make a generator of the macro or block around it, which nobody runs.
            self.fail(
                "an include `without context` cannot stand inside a macro, call, filter or set block",
                node.lineno,
            )
        super().visit_Include(node, frame)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        if self.optimizer is not None and not frame.eval_ctx.volatile:
            folded = self.optimizer.visit(node, frame.eval_ctx)
            if folded != node:
                self.visit(folded, frame)
                return
        self.write("environment.read(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, {dotted(node)!r})")


def dotted(node: nodes.Expr) -> str:
    """`customer.first_name` for a chain of names, "" for anything else."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        base = dotted(node.node)
        return f"{base}.{node.attr}" if base else ""
    return ""


class LetterEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for letters. Templates must be handed plain data only: the sandbox is the second wall."""

    code_generator_class = PathGenerator
    intercepted_binops = frozenset({"*", "**", "%"})

    def _compile(self, source: str, filename: str) -> CodeType:
        # Python warns about constants used oddly; a template that does so fails when rendered, with its line.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return super()._compile(source, filename)

    def read(self, obj: Any, attribute: str, path: str) -> Any:
        """`obj.attribute`; a missing value remembers `path`."""
        if type(obj) is dict and attribute not in _DICT_ATTRIBUTES and attribute in obj:
            return obj[attribute]
        value = self.getattr(obj, attribute)
        if isinstance(value, Missing) and path and not value.path and value._undefined_obj is obj:
            value.path = path
        return value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculates, but for results no letter could want."""
        if operator == "*":
            _check_repetition(left, right)
            _check_repetition(right, left)
        elif operator == "**" and isinstance(right, (int, float)) and abs(right) > LARGEST_EXPONENT:
            raise SecurityError(f"an exponent of {right} is too large")
        elif operator == "%" and isinstance(left, str) and _WIDE_FIELD.search(left):
            raise SecurityError("a format field is too wide")
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Calls what templates may call; padding a text has a limit."""
        if getattr(__obj, "__name__", "") in _PADDING:
            for number in args:
                if isinstance(number, int) and number > WIDEST_FIELD:
                    raise SecurityError(f"padding to {number} characters is too wide")
        return super().call(__context, __obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`"…".format`, refusing fields whose width is a number of four digits or comes from a value."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None and _WIDE_FIELD.search(value.__self__):
            raise SecurityError("a format field is too wide")
        return wrapped


def _check_repetition(what: Any, times: Any) -> None:
    if isinstance(what, (str, list, tuple)) and isinstance(times, int) and len(what) * times > LONGEST_TEXT:
        raise SecurityError(f"repeating something {times} times is too long")


def _range(*bounds: int) -> range:
    """`range`, at most LONGEST_RANGE long."""
    numbers = range(*bounds)
    if len(numbers) > LONGEST_RANGE:
        raise SecurityError(f"a range of {len(numbers)} numbers is too long (at most {LONGEST_RANGE})")
    return numbers


def html_by_name(name: str | None) -> bool:
    """Is a template of this name escaped? Strings without a name are not."""
    return name is not None and name.lower().endswith(_HTML_ENDINGS)


def make_environment(folder: Path | None, *, loader: BaseLoader | None = None) -> LetterEnvironment:
    """The environment of one workspace.

    Args:
        folder: where templates are looked up by name; None for strings only.
        loader: used instead of `folder` when given.

    Filters that are lazy in Jinja give lists, so that writing one shows its items and reading it twice is harmless.
    Templates named .html, .htm or .xml are escaped; `escaping` makes an environment that decides otherwise.
    """
    if loader is None and folder is not None:
        loader = FileSystemLoader(folder)
    environment = LetterEnvironment(
        loader=loader, autoescape=html_by_name, keep_trailing_newline=True, undefined=Missing
    )
    for name in _REMOVED_FILTERS:
        environment.filters.pop(name, None)
    for name in _REMOVED_GLOBALS:
        environment.globals.pop(name, None)
    environment.globals["range"] = _range
    environment.filters.update(FILTERS)
    for name in LAZY_FILTERS:
        environment.filters[name] = as_list(environment.filters[name])
    return environment


def escaping(environment: LetterEnvironment, autoescape: bool) -> LetterEnvironment:
    """The same environment, escaping everything or nothing whatever a template's name; made once each."""
    made: dict[bool, LetterEnvironment] = environment.__dict__.setdefault("_by_escaping", {})
    if autoescape not in made:
        overlay = environment.overlay(autoescape=autoescape)
        assert isinstance(overlay, LetterEnvironment)
        made[autoescape] = overlay
    return made[autoescape]
