"""Compiling one variant: stage 1, inlining, the text part, and the program that is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.exceptions import TemplateNotFound
from jinja2.meta import find_referenced_templates

from engine.errors import TemplateError
from engine.model.letter import Mailbox
from engine.model.problem import Problem, Severity
from engine.templating.endless import coming_to_an_end
from engine.templating.environment import LetterEnvironment
from engine.templating.inline import inline_residual
from engine.templating.personal import personal_paths, stage2_source, without_personal
from engine.templating.plaintext import plain_text
from engine.templating.program import Program, Source, Whole
from engine.templating.specialise import CannotSplit, Personal, specialise, specialise_string

OWN_NAMES = ("subject", "preheader")
"""Texts of the letter itself that its templates may read by name."""

LINE_BREAK = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A variant and what was noticed on the way. `file` of a finding is the template.

    `targets`: where its tracked links lead, the first being number 1.
    """

    program: Program
    findings: tuple[Problem, ...] = ()
    targets: tuple[str, ...] = ()


def compile_letter(
    environment: LetterEnvironment,
    *,
    template: str,
    text_template: str = "",
    subject: str,
    preheader: str = "",
    context: Mapping[str, object],
    sender: Mailbox,
    reply_to: Mailbox | None = None,
    headers: Sequence[tuple[str, str]] = (),
    campaign: str,
    message_id_domain: str,
    date: str,
) -> Compiled:
    """One variant of a letter.

    Args:
        template, text_template: names in the environment; "" makes the text part from the HTML.
        subject, preheader: Jinja sources of one line each.
        context: plain data, with `Personal(path)` for what differs from person to person.
        headers: names and Jinja sources.

    Raises TemplateError with file and line for what would be wrong in everybody's letter.
    """
    with coming_to_an_end(""):
        lines = {
            "subject": _line(environment, "subject", subject, context),
            "preheader": _line(environment, "preheader", preheader, context),
        }
        made = [(name, _line(environment, name, source, context)[0]) for name, source in headers]
    known = {
        **context,
        **{name: _own(name, source, lines[name][1]) for name, source in _sources(lines).items()},
    }
    bodies = _bodies(environment, template, text_template, known)
    program = Program(
        campaign=campaign,
        sender=sender,
        reply_to=reply_to,
        subject=lines["subject"][0],
        preheader=lines["preheader"][0],
        html=bodies.html,
        text=bodies.text,
        headers=tuple(made),
        text_from_html=not text_template,
        message_id_domain=message_id_domain,
        date=date,
        personal=tuple(personal_paths(context)),
        whole=bodies.whole,
    )
    return Compiled(program, bodies.findings)


NOTHING = Source()


@dataclass(frozen=True, slots=True)
class _Bodies:
    html: Source = NOTHING
    text: Source = NOTHING
    whole: Whole | None = None
    findings: tuple[Problem, ...] = ()


def _sources(lines: Mapping[str, tuple[Source, str | None]]) -> dict[str, Source]:
    return {name: source for name, (source, _) in lines.items()}


def compile_line(
    environment: LetterEnvironment, name: str, source: str, context: Mapping[str, object]
) -> Source:
    """A text of one line, such as a header's, as a source of stage 2. TemplateError where it cannot be one."""
    return _line(environment, name, source, context)[0]


def _line(
    environment: LetterEnvironment, name: str, source: str, context: Mapping[str, object]
) -> tuple[Source, str | None]:
    """A one-line text as a source, and its text where nothing in it is personal."""
    try:
        residual = specialise_string(environment, source, context)
    except CannotSplit as error:
        raise TemplateError(
            f"the {name} is too involved: {error.reason}", help="say it with simple values and conditions"
        ) from error
    if LINE_BREAK.search(residual.text):
        raise TemplateError(f"the {name} has a line break in it", help="write it on one line")
    fixed = residual.text if not residual.pieces else None
    return stage2_source(environment, residual, context), fixed


def _own(name: str, source: Source, fixed: str | None) -> object:
    """The letter's own subject or preheader as its templates read it."""
    return Personal(name) if fixed is None else fixed


def _bodies(
    environment: LetterEnvironment, template: str, text_template: str, context: Mapping[str, object]
) -> _Bodies:
    try:
        with coming_to_an_end(template):
            residual = specialise(environment, template, context, autoescape=True)
        page = inline_residual(residual, file=template)
        html = stage2_source(environment, residual, context, page.html)
        if text_template:
            with coming_to_an_end(text_template):
                text_residual = specialise(environment, text_template, context, autoescape=False)
            text = stage2_source(environment, text_residual, context)
        else:
            words = plain_text(page.marked, page.structures, page.lone)
            text = Source(residual.stage2(words), html.constants, True)
        return _Bodies(html, text, None, page.findings)
    except CannotSplit as error:
        finding = Problem(
            f"templates/{error.file or template}", max(error.line, 1), 1, "T090",
            f"this letter is made whole for every person, which is slow: {error.reason}",
            "make the personal part simpler",
            severity=Severity.WARNING,
        )  # fmt: skip
        whole = Whole(
            _templates(environment, [template, *([text_template] if text_template else [])]),
            {
                name: without_personal(value)
                for name, value in context.items()
                if not isinstance(value, Personal)
            },
            template,
            text_template,
            error.reason,
        )
        return _Bodies(whole=whole, findings=(finding,))


def _templates(environment: LetterEnvironment, names: Sequence[str]) -> dict[str, str]:
    """The sources of these templates and of all they may include; of all there are where that is decided late."""
    assert environment.loader is not None
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = environment.loader.get_source(environment, name)[0]
        except TemplateNotFound:
            continue
        parsed: nodes.Template = environment.parse(found[name])
        for other in find_referenced_templates(parsed):
            waiting.extend([other] if other is not None else environment.loader.list_templates())
    return found
