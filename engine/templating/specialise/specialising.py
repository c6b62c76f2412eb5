"""Stage 1 of the letter: evaluates a template with everything that does not depend on the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jinja2 import TemplateNotFound

from engine.templating.environment import LetterEnvironment, escaping
from engine.templating.specialise import calls, expressions, loops, operators, statements
from engine.templating.specialise.blocks import new_context, run_root
from engine.templating.specialise.machine import Lessons, Machine, Restart
from engine.templating.specialise.members import lift
from engine.templating.specialise.place import Source
from engine.templating.specialise.residual import CannotSplit, Residual
from engine.templating.specialise.sources import load, not_found, read
from engine.templating.specialise.tokens import tokenise
from engine.templating.specialise.values import name_node

# Each attempt learns at least one thing, and templates have few things to learn.
_ATTEMPTS = 60
# Importing these rooms registers what they evaluate and execute.
ROOMS = (calls, expressions, loops, operators, statements)


def specialise(
    environment: LetterEnvironment, template: str, context: Mapping[str, object], *, autoescape: bool = True
) -> Residual:
    """What is left of the template `template` once everything but the person is known.

    Args:
        context: plain data; `Personal(path)` marks what differs from person to person. Never changed.
        autoescape: for this template and all it includes, whatever their names say.

    Stage 2 must be given, beside `constants`, every top-level name of `context` with a Personal inside, whole.

    Raises:
        TemplateError: the template has a fault, with file and line, that everybody's letter would have.
        CannotSplit: it must be rendered whole for every person.
    """
    chosen = escaping(environment, autoescape)
    try:
        return _attempts(chosen, lambda: load(chosen, template), context, autoescape)
    except TemplateNotFound as error:
        raise not_found(error, "", 0) from error


def specialise_string(
    environment: LetterEnvironment, source: str, context: Mapping[str, object], *, autoescape: bool = False
) -> Residual:
    """The same for a template given as text: a subject, preheader or header."""
    chosen = escaping(environment, autoescape)
    return _attempts(chosen, lambda: read(chosen, source), context, autoescape)


def _attempts(
    environment: LetterEnvironment,
    find: Callable[[], Source],
    context: Mapping[str, object],
    autoescape: bool,
) -> Residual:
    _check_environment(environment)
    source = find()
    lessons = Lessons()
    for _ in range(_ATTEMPTS):
        try:
            return _attempt(environment, source, context, autoescape, lessons)
        except Restart:
            continue
        except RecursionError:
            break
    raise CannotSplit("the template is too deeply nested to be worked out in advance", file=source.name or "")


def _attempt(
    environment: LetterEnvironment,
    source: Source,
    context: Mapping[str, object],
    autoescape: bool,
    lessons: Lessons,
) -> Residual:
    machine = Machine(environment, lessons, escapes=autoescape)
    names = machine.globals()
    for name, value in context.items():
        if name in names or "__" in name:
            raise CannotSplit(f"the name `{name}` is used by templates themselves", file=source.name or "")
        names[name] = lift(value, lambda name=name: name_node(name))  # type: ignore[misc]
    run_root(machine, source, new_context(source, names))
    return tokenise(environment, machine.code, machine.constants, autoescape)


def _check_environment(environment: LetterEnvironment) -> None:
    delimiters = (
        environment.block_start_string,
        environment.block_end_string,
        environment.variable_start_string,
        environment.variable_end_string,
        environment.comment_start_string,
    )
    if delimiters != ("{%", "%}", "{{", "}}", "{#"):
        raise CannotSplit("the environment has delimiters of its own")
    if environment.line_statement_prefix or environment.line_comment_prefix or environment.finalize:
        raise CannotSplit("the environment has line statements or finalises values")
    if not environment.keep_trailing_newline or environment.newline_sequence != "\n" or environment.is_async:
        raise CannotSplit("the environment changes line ends or is asynchronous")
