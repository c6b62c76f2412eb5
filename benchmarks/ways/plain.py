"""The plain way: render, inline and call the API once for every person, as a first version is usually written.

`python -m benchmarks.ways.plain WORKSPACE URL LETTERS`. It keeps no ledger and signs nothing.
"""

from __future__ import annotations

import csv
import itertools
import logging
import os
import sys
from pathlib import Path

import httpx
import jinja2
import premailer

from benchmarks.newsletter import SENTENCE
from benchmarks.ways.starting import measured


def main() -> None:
    """See the top of this file."""
    folder, url, letters = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    source = (folder / "templates" / "newsletter.html").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True).from_string(source)
    with (folder / "customers.csv").open(encoding="utf-8") as file:
        people = list(itertools.islice(csv.DictReader(file), letters))
    measured(lambda: send(template, people, url))


def send(template: jinja2.Template, people: list[dict[str, str]], url: str) -> dict[str, float]:
    """One letter after the other, over one connection that stays open."""
    posts = [
        {
            "url": f"https://blog.reading.example/posts/{number}",
            "title": f"Post number {number} about reading slowly",
            "summary": SENTENCE * 4,
        }
        for number in range(5)
    ]
    with httpx.Client() as client:
        for person in people:
            html = template.render(
                customer=person,
                posts=posts,
                offer={"title": "15% off your next order", "code": os.urandom(4).hex()},
                campaign={"title": "The monthly reading list", "topic_title": "Our monthly letter"},
                sender={"name": "Reading Room"},
                company={"name": "Reading Room Ltd", "address": "1 Reading Lane"},
                unsubscribe_url="https://letters.reading.example/u/1",
            )
            inlined = premailer.Premailer(html, allow_network=False).transform()
            letter = {
                "From": "hello@news.reading.example",
                "To": person["email"],
                "Subject": f"{person['first_name']}, 5 reads for you",
                "HtmlBody": inlined,
                "MessageStream": "broadcast",
            }
            client.post(f"{url}/email/batch", json=[letter]).raise_for_status()
    return {"letters": len(people)}


if __name__ == "__main__":
    main()
