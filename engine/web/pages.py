"""Readers' pages as HTML: quiet, without scripts, cookies or anything from elsewhere."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.responses import HTMLResponse, Response

from engine.model.reader import ReaderPage

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every page: nothing of it is kept, shown elsewhere, found by a search engine or told to another site."""

LETTER_POLICY = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline' https:; font-src https: data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; base-uri 'none'; frame-ancestors 'none'"
)
"""A letter may show its pictures and styles, and run nothing."""

PAUSES = (1, 3, 6, 12)
"""Months offered for a pause."""


class Pages:
    """Writes pages. Files in the workspace's `templates/pages/` stand before our own."""

    def __init__(self, templates: Path) -> None:
        own = PackageLoader("engine.web", "pages")
        self.environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(templates / "pages"), own]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @cached_property
    def zones(self) -> list[str]:
        """Every time zone a person may live in."""
        return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))

    def unsubscribe(self, page: ReaderPage, *, done: str = "") -> Response:
        """The page behind the link in a letter's foot. `done`: left, everything, paused, or nothing yet."""
        return self.write("unsubscribe.html", page, done=done, pauses=PAUSES)

    def preferences(self, page: ReaderPage, *, saved: bool = False) -> Response:
        """What this reader gets."""
        return self.write("preferences.html", page, saved=saved, zones=self.zones, pauses=PAUSES)

    def missing(self) -> Response:
        """For every link that is not ours, whatever is wrong with it."""
        html = self.environment.get_template("missing.html").render()
        return HTMLResponse(html, status_code=404, headers=SAFE)

    def unavailable(self) -> Response:
        """While the database cannot be reached: never a false yes."""
        html = self.environment.get_template("unavailable.html").render()
        return HTMLResponse(html, status_code=503, headers={**SAFE, "Retry-After": "60"})

    def letter(self, html: str) -> Response:
        """A letter as it was sent."""
        return HTMLResponse(html, headers={**SAFE, "Content-Security-Policy": LETTER_POLICY})

    def write(self, name: str, page: ReaderPage, **more: object) -> Response:
        """One page."""
        html = self.environment.get_template(name).render(page=page, **more)
        return HTMLResponse(html, headers=SAFE)
