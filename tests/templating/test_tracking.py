"""Links and pixel in a program: only what is the same for everybody, each target once, the text part untouched."""

from __future__ import annotations

from engine.model.letter import Mailbox
from engine.templating.program import Program, Source, Whole
from engine.templating.tracking import tracked


def program(html: str, whole: Whole | None = None) -> Program:
    return Program(
        campaign="c",
        sender=Mailbox("", "a@b.example"),
        reply_to=None,
        subject=Source("s"),
        html=Source(html, autoescape=True),
        text=Source("https://a.example/"),
        personal=("customer.city",),
        whole=whole,
    )


def test_every_fixed_link_is_numbered_and_each_target_once() -> None:
    made, targets = tracked(
        program(
            '<a href="https://a.example/?x=1&amp;y=2">1</a> <a class="b" href=\'http://b.example/\'>2</a>'
            '<A HREF="https://a.example/?x=1&amp;y=2">3</A>'
        ),
        opens=False,
        clicks=True,
    )
    assert targets == ("https://a.example/?x=1&y=2", "http://b.example/")
    assert made.html.text == (
        '<a href="{{ click_url }}/1">1</a> <a class="b" href=\'{{ click_url }}/2\'>2</a>'
        '<A HREF="{{ click_url }}/1">3</A>'
    )
    assert made.personal == ("customer.city", "click_url")
    assert made.text.text == "https://a.example/"


def test_personal_and_other_links_stay_as_they_are() -> None:
    html = (
        '<a href="{{ unsubscribe_url }}">u</a><a href="https://a.example/{{ customer.city }}">c</a>'
        '<a href="mailto:a@b.example">m</a><a href="#top">t</a><link href="https://a.example/x.css">'
        '<a title="a > b" {% if customer.city %}href="https://x.example/"{% endif %}>p</a><abbr href="https://y.example/">'
    )
    made, targets = tracked(program(html), opens=False, clicks=True)
    assert targets == ("https://x.example/",)
    assert made.html.text == html.replace("https://x.example/", "{{ click_url }}/1")


def test_the_pixel_stands_at_the_end_of_the_body() -> None:
    made, targets = tracked(program("<body><p>x</p></body></html>"), opens=True, clicks=False)
    assert targets == ()
    assert made.html.text.startswith('<body><p>x</p><img src="{{ open_url }}.gif" width="1" height="1"')
    assert made.html.text.endswith("></body></html>")
    assert made.personal == ("customer.city", "open_url")


def test_a_letter_made_whole_for_everybody_and_one_nobody_tracks_are_left_alone() -> None:
    whole = program("", Whole({"x.html": "x"}, {}, "x.html"))
    assert tracked(whole, opens=True, clicks=True) == (whole, ())
    plain = program('<a href="https://a.example/">1</a>')
    assert tracked(plain, opens=False, clicks=False) == (plain, ())
