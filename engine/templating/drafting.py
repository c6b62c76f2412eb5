"""Compiling one draft: a text that a person is to send or say themselves, without a page around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import TemplateError
from engine.model.letter import Mailbox
from engine.templating.compile import Compiled, compile_line
from engine.templating.endless import coming_to_an_end
from engine.templating.environment import LetterEnvironment
from engine.templating.personal import personal_paths, stage2_source
from engine.templating.program import Program, Source
from engine.templating.specialise import CannotSplit, specialise


def compile_draft(
    environment: LetterEnvironment,
    *,
    title: str,
    text_template: str,
    headers: Sequence[tuple[str, str]],
    context: Mapping[str, object],
    sender: Mailbox,
    campaign: str,
    message_id_domain: str,
    date: str,
) -> Compiled:
    """One variant of a draft: a program whose text part is all it says, and whose subject is the title.

    Args:
        title: Jinja source of one line.
        text_template: a name in the environment; "" makes the title all there is.
        headers, context: as for a letter.

    Raises TemplateError with file and line for what would be wrong in everybody's draft.
    """
    with coming_to_an_end(""):
        subject = compile_line(environment, "title", title, context)
        made = tuple((name, compile_line(environment, name, source, context)) for name, source in headers)
    program = Program(
        campaign=campaign,
        sender=sender,
        reply_to=None,
        subject=subject,
        html=Source(),
        text=_text(environment, text_template, context) if text_template else subject,
        headers=made,
        text_from_html=False,
        message_id_domain=message_id_domain,
        date=date,
        personal=tuple(personal_paths(context)),
    )
    return Compiled(program)


def _text(environment: LetterEnvironment, template: str, context: Mapping[str, object]) -> Source:
    try:
        with coming_to_an_end(template):
            residual = specialise(environment, template, context, autoescape=False)
    except CannotSplit as error:
        raise TemplateError(
            f"this draft is too involved: {error.reason}",
            help="say the personal part with simple values and conditions",
            file=error.file or template,
            line=max(error.line, 1),
        ) from error
    made = stage2_source(environment, residual, context)
    if not made.text.strip():
        help = "write what is to be said, or leave `text:` out"
        raise TemplateError("this draft is empty", help=help, file=template, line=1)
    return made
