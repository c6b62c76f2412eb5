"""What readers ask for: leaving, pausing, choosing, and their letter in the browser. Only POST changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.app.reception import Reception
from engine.errors import StoreError
from engine.model.reader import Chosen, ReaderPage
from engine.web.pages import SAFE, Pages

MOST_FIELDS = 200
LONGEST_WORD = 64
"""Characters of a time zone or a language."""

ONE_CLICK = "One-Click"
"""The value of `List-Unsubscribe` in the body a mail program posts (RFC 8058 section 3.1)."""

Answer = Callable[[Request], Awaitable[Response]]


class Readers:
    """The pages behind a letter's personal links."""

    def __init__(self, reception: Reception, pages: Pages) -> None:
        self.reception = reception
        self.pages = pages

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/u/{token}", self.safely(self.leaving), methods=["GET"]),
            Route("/u/{token}", self.safely(self.leave), methods=["POST"]),
            Route("/p/{token}", self.safely(self.choosing), methods=["GET"]),
            Route("/p/{token}", self.safely(self.choose), methods=["POST"]),
            Route("/w/{token}", self.safely(self.letter), methods=["GET"]),
        ]

    def safely(self, answer: Answer) -> Answer:
        """503 and a page that says so while the database cannot be reached."""

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except StoreError:
                return self.pages.unavailable()

        return answered

    async def leaving(self, request: Request) -> Response:
        """The page with the button; looking at it, as mail scanners do, changes nothing."""
        page = await run_in_threadpool(self.reception.page, "unsubscribe", token(request))
        return self.pages.missing() if page is None else self.pages.unsubscribe(page)

    async def leave(self, request: Request) -> Response:
        """A mail program's one click, or the page's own buttons."""
        form = await form_of(request)
        if ONE_CLICK in form.getlist("List-Unsubscribe") or "what" not in form:
            page = await run_in_threadpool(
                self.reception.leave, "unsubscribe", token(request), None, one_click=True
            )
            # A program reads this answer, if anybody: no page, no redirect, no cookie.
            words, status = ("unsubscribed", 200) if page is not None else ("not found", 404)
            return PlainTextResponse(words, status, headers=SAFE)
        return await self.chosen_way("unsubscribe", request, form)

    async def chosen_way(self, purpose: str, request: Request, form: FormData) -> Response:
        """Leaving one topic, everything, or for a while."""
        what = form.get("what")
        if what == "pause":
            months = number(form.get("months"))
            page = await run_in_threadpool(self.reception.pause, purpose, token(request), months)
            if purpose == "preferences" and page is not None:
                return self.pages.preferences(page, saved=True)
            return self.shown(page, "paused")
        topic = "" if what == "everything" else None
        page = await run_in_threadpool(self.reception.leave, purpose, token(request), topic)
        return self.shown(page, "everything" if topic == "" or (page and page.topic is None) else "left")

    def shown(self, page: ReaderPage | None, done: str) -> Response:
        """The page that says what was done."""
        return self.pages.missing() if page is None else self.pages.unsubscribe(page, done=done)

    async def choosing(self, request: Request) -> Response:
        """The reader's own page."""
        page = await run_in_threadpool(self.reception.page, "preferences", token(request))
        return self.pages.missing() if page is None else self.pages.preferences(page)

    async def choose(self, request: Request) -> Response:
        """What the reader chose there."""
        form = await form_of(request)
        if form.get("what") in ("pause", "everything"):
            return await self.chosen_way("preferences", request, form)
        wanted = Chosen(
            topics=frozenset(str(topic) for topic in form.getlist("topic")),
            time_zone=known(word(form.get("time_zone")), self.pages.zones),
            language=word(form.get("language")),
            tracked=form.get("tracked") == "yes",
        )
        page = await run_in_threadpool(self.reception.choose, token(request), wanted)
        return self.pages.missing() if page is None else self.pages.preferences(page, saved=True)

    async def letter(self, request: Request) -> Response:
        """The letter in the browser."""
        letter = await run_in_threadpool(self.reception.letter, token(request))
        return self.pages.missing() if letter is None else self.pages.letter(letter.html)


def token(request: Request) -> str:
    """The signed part of the address."""
    return str(request.path_params["token"])


async def form_of(request: Request) -> FormData:
    """The form, urlencoded or multipart; files are not taken."""
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


def word(value: object) -> str:
    """A short text of the form."""
    return str(value or "").strip()[:LONGEST_WORD]


def known(value: str, values: list[str]) -> str:
    """The value if it is one of these."""
    return value if value in values else ""


def number(value: object) -> int:
    """A number of months; 0 for anything else."""
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 4 else 0
