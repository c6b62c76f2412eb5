"""A letter as the draft of a task: its title, and the text its owner is to send or say."""

from __future__ import annotations

from engine.definitions.schema.campaign import Campaign
from engine.model.letter import Letter

TITLE = "Task-Title"
"""The header in which a variant carries the title of its task. No letter leaves with it."""


def title_header(campaign: Campaign) -> tuple[tuple[str, str], ...]:
    """The title's Jinja source as a header of the variant; nothing for campaigns whose letters are letters."""
    return ((TITLE, campaign.task.title),) if campaign.task is not None else ()


def title_of(letter: Letter) -> str:
    """The title that one person's letter carries, on one line."""
    return " ".join(dict(letter.headers).get(TITLE, "").split())


def text_of(campaign: Campaign, letter: Letter) -> str:
    """The draft: the text alone, and where the campaign has a letter, with its subject above; "" where it has neither."""
    if campaign.content.template is None and (campaign.task is None or campaign.task.text is None):
        return ""
    if campaign.content.template is None:
        return letter.text.strip()
    return f"Subject: {letter.subject}\n\n{letter.text.strip()}"
