"""Findings say where they are, come in order, and find their way back into a template."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.problem import Severity
from engine.templating.lint.colours import contrast, over, read_colour
from engine.templating.lint.proofread import lint
from engine.templating.lint.stylesheet import read_stylesheet
from tests.templating.lint.cases import LETTER, add, edit


def test_a_finding_names_the_line_of_the_letter_it_is_on() -> None:
    broken = edit(' alt="A red kettle by the window"', "")
    (finding,) = [finding for finding in broken.findings() if finding.code == "I01"]
    assert "kettle.png" in broken.html.splitlines()[finding.line - 1]
    assert (finding.element, finding.part) == ("img", "html")


def test_errors_come_before_warnings_and_warnings_before_notes() -> None:
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    levels = [
        order.index(finding.level) for finding in lint("<p>Dear ,</p>", text="", subject="RE: HELLO THERE")
    ]
    assert levels == sorted(levels)
    assert set(levels) == {0, 1, 2}


def test_a_finding_is_a_problem_of_the_template() -> None:
    finding = edit(' alt="A red kettle by the window"', "").findings()[0]
    problem = finding.as_problem("templates/digest.html", 12, 5, width=4)
    assert (problem.file, problem.line, problem.column, problem.code) == (
        "templates/digest.html",
        12,
        5,
        "I01",
    )
    assert problem.severity is Severity.ERROR
    assert problem.help.endswith("(Email Markup Consortium, accessibility report 2026)")


def test_one_pale_colour_is_told_once_however_often_it_is_used() -> None:
    pale = add('<p style="color: #cccccc;">a pale word</p>' * 40)
    assert [finding.code for finding in pale.findings()] == ["A05"]


def test_contrast_is_counted_as_the_guidelines_do() -> None:
    white, black, grey = read_colour("#fff"), read_colour("black"), read_colour("rgb(119, 119, 119)")
    assert white is not None
    assert black is not None
    assert grey is not None
    assert round(contrast(white, black), 1) == 21.0
    assert round(contrast(grey, white), 2) == 4.48
    half = read_colour("rgba(0,0,0,.5)")
    assert half is not None
    assert over(half, white) == (128, 128, 128, 1.0)


def test_css_is_read_with_its_media_strings_and_faults() -> None:
    sheet = read_stylesheet(
        '/* a { } */ .a, .b { color: red !important; background: url("x;y{}.png") }\n'
        "@media (prefers-color-scheme: dark) { @supports (color: red) { .c { color: blue; wrong } } } }"
    )
    first, second = sheet.rules
    assert (first.selector, first.declarations[0].important) == (".a, .b", True)
    assert first.declarations[1].value == 'url("x;y{}.png")'
    assert second.media == "@media (prefers-color-scheme: dark) and @supports (color: red)"
    assert [fault for _, fault in sheet.faults] == ["`wrong` is no declaration", "a } too many"]
    assert sheet.faults[0][0] == 1


PIECES = st.sampled_from(
    [
        "<table>", "</table>", "<td style='", "';color:red", '">', "<!--[if mso]>", "<![endif]-->", "<a href=", "<img>",
        "<style>", "</style>", "{color:", "}", "@media (prefers-color-scheme: dark){", "&#0;", "&nbsp;", "\x00", "\ud800",
        "<p>", "שלום", "<h1>", "<h4>", "font-size:", "line-height: 1e999", "url(", "rgb(300,-1,nan)", "#12345", "<svg/>",
        "<html lang=x>", "<body bgcolor=zzz>", "width: 99999999999999999999px", "padding: ;", "<!DOCTYPE", "' href='http://[",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=25), st.booleans())
def test_no_letter_however_broken_stops_the_proof_reader(pieces: list[str], inside: bool) -> None:
    written = "".join(pieces)
    html = LETTER.replace("<p>Your code is SPRING.</p>", written) if inside else written
    for finding in lint(html, text=written, subject=written, preheader=written, headers={"From": written}):
        assert finding.message
