"""The starter letters, finished as they are sent: rendered in the sandbox and inlined by premailer."""

from __future__ import annotations

import logging
from typing import Any

from premailer import Premailer

from engine.templating.environment import make_environment
from engine.templating.lint.finding import Facts, Finding
from engine.templating.lint.proofread import lint
from tests.example.people import WORKSPACE, sample_names

STARTERS = ("digest.html", "note.html", "offer.html")
ENVIRONMENT = make_environment(WORKSPACE / "templates")


def finished(template: str, names: dict[str, Any]) -> str:
    """One letter as HTML."""
    return inlined(ENVIRONMENT.get_template(template).render(**names))


def inlined(html: str) -> str:
    """The letter with its styles moved into the elements."""
    quiet = logging.CRITICAL
    inliner = Premailer(html, allow_network=False, disable_validation=True, cssutils_logging_level=quiet)
    return str(inliner.transform())


def proofread(html: str, names: dict[str, Any]) -> list[Finding]:
    """What the linter says, with everything the workspace knows."""
    company, offer = names["company"], names["offer"]
    return lint(
        html,
        text=f"Hello\n\n{(offer or {}).get('code', '')}\n\n{names['unsubscribe_url']}\n",
        subject="Amara, 5 reads on brewing and more",
        preheader=names["preheader"],
        headers={
            "From": "Priya Shah <priya@news.kettleandpage.example>",
            "Reply-To": "priya@kettleandpage.example",
            "List-Unsubscribe": f"<{names['unsubscribe_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        facts=Facts(
            language="en-GB",
            address=company["address"],
            unsubscribe_url=names["unsubscribe_url"],
            preferences_url=names["preferences_url"],
            web_url=names["web_url"],
            public_url="https://mail.kettleandpage.example",
        ),
    )


__all__ = ["STARTERS", "finished", "inlined", "proofread", "sample_names"]
