"""Photographs letters as people see them: narrow and wide, light and dark, with and without pictures.

    python -m tests.example.pictures letter.html … --into pictures/

It wants Playwright for Python and a Chromium (CHROMIUM names it). Pictures of the example house come from
config/sample/images; nothing else is fetched.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.example.people import WORKSPACE

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
IMAGES = WORKSPACE / "config" / "sample" / "images"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (320, 640)  # the narrowest telephone still sold, and a reading pane a little wider than the letter


@dataclass(frozen=True)
class View:
    """One way of looking at a letter."""

    width: int
    dark: bool
    images: bool

    @property
    def name(self) -> str:
        """Part of the picture's file name."""
        return f"{self.width}-{'dark' if self.dark else 'light'}{'' if self.images else '-blocked'}"


VIEWS = [
    *(View(width, dark, images=True) for width in WIDTHS for dark in (False, True)),
    *(View(width, dark=False, images=False) for width in WIDTHS),
]


def photograph(
    letters: list[Path], into: Path, views: list[View] = VIEWS, scale: float = 1
) -> Iterator[Path]:
    """One PNG per letter and view, in the folder `into`."""
    from playwright.sync_api import Route, sync_playwright

    def answer(route: Route) -> None:
        wanted = IMAGES / Path(route.request.url).name
        if wanted.is_file():
            route.fulfill(path=wanted)
        else:
            route.abort()

    into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for view in views:
            context = browser.new_context(
                viewport={"width": view.width, "height": 700},
                color_scheme="dark" if view.dark else "light",
                device_scale_factor=scale,
                offline=not view.images,
            )
            page = context.new_page()
            page.route("**/*", answer if view.images else lambda route: route.abort())
            for letter in letters:
                page.set_content(letter.read_text(encoding="utf-8"))
                picture = into / f"{letter.stem}-{view.name}.png"
                page.screenshot(path=picture, full_page=True)
                yield picture
            context.close()
        browser.close()


def main() -> None:
    """Photographs the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("letters", nargs="+", type=Path)
    parser.add_argument("--into", type=Path, default=Path("pictures"))
    parser.add_argument("--scale", type=float, default=1)
    chosen = parser.parse_args()
    for picture in photograph(chosen.letters, chosen.into, scale=chosen.scale):
        print(picture)


if __name__ == "__main__":
    main()
