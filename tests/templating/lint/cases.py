"""For every rule an edit of the good letter that breaks it, and one that comes close and must not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.model.problem import Severity
from engine.templating.lint.finding import Facts, Finding
from engine.templating.lint.proofread import lint

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
LETTER = (Path(__file__).parent / "letter.html").read_text(encoding="utf-8")
FACTS = Facts(
    language="en-GB",
    address="1 Reading Lane, London N1 1AA",
    unsubscribe_url="https://mail.example.com/leave/1",
    preferences_url="https://mail.example.com/choose/1",
    web_url="https://mail.example.com/letter/1",
    public_url="https://mail.example.com",
    code="SPRING",
)
TEXT = "Dear Amara,\n\nYour code is SPRING.\n\nUnsubscribe: https://mail.example.com/leave/1\n"
HEADERS = {
    "From": '"Acme Reading Room" <hello@news.acme.example>',
    "Reply-To": "hello@acme.example",
    "List-Unsubscribe": "<https://mail.example.com/leave/1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


@dataclass(frozen=True)
class Draft:
    """The good letter, or an edit of it."""

    html: str = LETTER
    text: str = TEXT
    subject: str = "Amara, three reads for a wet Sunday"
    preheader: str = "A kettle, a cartographer and a harbour master, all before noon."
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))
    facts: Facts = FACTS

    def findings(self) -> list[Finding]:
        """What the proof-reader says."""
        return lint(
            self.html,
            text=self.text,
            subject=self.subject,
            preheader=self.preheader,
            headers=self.headers,
            facts=self.facts,
        )


GOOD = Draft()


def edit(old: str, new: str) -> Draft:
    """The good letter with one piece of its HTML replaced."""
    assert old in LETTER, old
    return replace(GOOD, html=LETTER.replace(old, new))


def add(piece: str) -> Draft:
    """The good letter with a piece before its footer."""
    return edit("<p>Your code is SPRING.</p>", f"<p>Your code is SPRING.</p>\n{piece}")


def facts(**changed: object) -> Draft:
    """The good letter with other facts."""
    return replace(GOOD, facts=replace(FACTS, **changed))  # type: ignore[arg-type]


def headers(**changed: str) -> Draft:
    """The good letter with other headers; `_` stands for `-`."""
    return replace(GOOD, headers=HEADERS | {name.replace("_", "-"): value for name, value in changed.items()})


FILLER_TEXT = "&#8199;&#65279;&#847; " * 12
BUTTON = 'padding: 12px 20px; background-color: #8a2f10; color: #ffffff; line-height: 22px;"'
IMAGE = '<img src="https://images.example.com/kettle.png" alt="A red kettle by the window" width="560"'
LEAVE = '<a href="https://mail.example.com/leave/1">unsubscribe</a>'
JOURNAL = '<a href="https://journal.example.com/three">'
CELLS = 'width="100%" cellpadding="0" cellspacing="0" border="0"'

# Rule, the level it must be found at, the broken letter, the letter that only looks broken.
CASES: list[tuple[str, Severity, Draft, Draft]] = [
    ("S01", E, edit("<!DOCTYPE html>\n", ""), edit("<!DOCTYPE html>", "<!-- made by hand -->\n<!doctype HTML>")),
    ("S01", W, edit("<!DOCTYPE html>", '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN">'), GOOD),
    ("S02", E, edit('<html lang="en"', '<html lang="und"'), edit('<html lang="en"', '<html lang="EN-us"')),
    ("S02", W, edit(' lang="en" dir="ltr">\n<div style', ' dir="ltr">\n<div style'), facts(language="")),
    ("S02", W, facts(language="de"), facts(language="en")),
    ("S03", W, edit('<html lang="en" dir="ltr">', '<html lang="en">'), edit('dir="ltr"', 'dir="rtl"')),
    ("S04", W, edit("<title>Three reads for a wet Sunday</title>", "<title> </title>"), edit("<title>Three", "<title>3")),
    ("S05", E, edit('<meta charset="utf-8">', ""),
     edit('<meta charset="utf-8">', '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">')),
    ("S05", W, edit('<meta name="viewport" content="width=device-width, initial-scale=1">', ""), GOOD),
    ("S06", N, edit('<meta name="format-detection" content="telephone=no">', ""), GOOD),
    ("S07", E, add("<div><p>open"), add("<ul><li>one<li>two</ul><br>")),
    ("S07", E, add("closed</b> twice"), add("<!-- </b> --><b>bold</b>")),
    ("S07", E, add("<!--[if mso]>never ends"), add("<!--[if !mso]><!--><i>seen</i><!--<![endif]-->")),
    ("S07", E, add('<p id="a">one</p><p id="a">two</p>'), add('<p id="a">one</p><p id="b">two</p>')),
    ("W01", E, add("x" * 100_000), add("x" * 70_000)),
    ("W01", W, add("x" * 79_000), add("x" * 70_000)),
    ("W02", E, edit("<style>", "<style>" + ".a { margin: 0; }\n" * 1000), edit("<style>", "<style>.a { margin: 0; }")),
    ("W04", E, replace(facts(encoded=False), html=LETTER + "y" * 1000), replace(GOOD, html=LETTER + "y" * 1000)),
    ("L01", W, edit("max-width: 600px", "max-width: 800px"), edit("max-width: 600px", "max-width: 680px")),
    ("L01", W, edit("max-width: 600px", "max-width: 100%"), GOOD),
    ("L02", E, edit('<table role="presentation" class', "<table class"), edit('role="presentation" class', 'role="none" class')),
    ("L02", W, edit(CELLS, 'width="100%" border="0"'),
     add('<table><tr><th>Bean</th></tr><tr><td>Sidamo</td></tr></table>')),
    ("L03", W, edit('role="presentation" width="600"', 'role="presentation" width="500"'), GOOD),
    ("L04", W, add('<div style="padding: 10px;">padded</div>'), add('<div style="padding: 0;">plain</div>')),
    ("L05", N, add('<table role="none" cellpadding="0" cellspacing="0"><tr><td>' * 12 + "deep" + "</td></tr></table>" * 12),
     add('<table role="none" cellpadding="0" cellspacing="0"><tr><td>' * 11 + "deep" + "</td></tr></table>" * 11)),
    ("C01", E, add("<form><input></form>"), add("<!-- <form> -->")),
    ("C01", E, add("<script>alert(1)</script>"), add("<p>the word script</p>")),
    ("C02", W, add('<div style="display: flex">a</div>'), add('<div style="display: inline-block">a</div>')),
    ("C02", W, edit(":root {", ".a { position: absolute; } :root {"), edit(":root {", ".a { position: relative; } :root {")),
    ("C03", E, add('<p style="color: var(--ink)">a</p>'), add("<p>var(--ink)</p>")),
    ("C03", E, edit(":root {", ".a { color: rgb(0 128 0 / 50%); } :root {"),
     edit(":root {", ".a { color: rgba(0, 128, 0, 0.5); } :root {")),
    ("C03", E, edit("<style>", "<style>@import url(https://fonts.example.com/a.css);"),
     edit("<style>", "<!--[if !mso]><!--><style>@import url(https://fonts.example.com/a.css);</style><!--<![endif]--><style>")),
    ("C03", E, edit("<style>", '<link rel="stylesheet" href="https://fonts.example.com/a.css"><style>'),
     edit("<style>", '<link rel="icon" href="https://fonts.example.com/a.png"><style>')),
    ("C04", W, edit(":root {", "@font-face { font-family: X; src: url(https://a.example.com/x.woff2); } :root {"),
     edit("<style>", "<style media='screen'>@font-face { font-family: X; src: url(https://a.example.com/x.woff2); }</style><style>")),
    ("C04", W, edit("Georgia, serif", "Georgia, Charter"), edit("Georgia, serif", "Georgia, Charter, Serif")),
    ("C05", W, edit('width="560" style="', 'width="560" style="object-fit: cover; '), add("<p>object-fit: cover</p>")),
    ("C06", W, edit(":root {", ".a { color red } :root {"), edit(":root {", ".a { color: red; ; } /* color red */ :root {")),
    ("C06", W, edit(":root {", ".a { color: red :root {"), edit(":root {", '.a { content: "}"; } :root {')),
    ("C06", W, add('<p style="color">a</p>'), add('<p style="color: #222222;;">a</p>')),
    ("D01", W, edit('<meta name="color-scheme" content="light dark">', ""), GOOD),
    ("D02", W, edit("(prefers-color-scheme: dark)", "(max-width: 400px)"), GOOD),
    ("D03", E, edit("color: #eeeeee !important", "color: #333333 !important"),
     edit("color: #eeeeee !important", "color: #bbbbbb !important")),
    ("O01", W, edit("PixelsPerInch>96", "PixelsPerInch>120"), GOOD),
    ("O02", W, add('<table role="none" cellpadding="0" cellspacing="0" style="background-image: url(https://a.example.com/b.png)"><tr><td>a</td></tr></table>'),
     add('<table role="none" cellpadding="0" cellspacing="0" style="background: #eee url(https://a.example.com/b.png); background-color: #eeeeee"><tr><td>a</td></tr></table>')),
    ("A01", W, edit('role="article" aria-roledescription="email"', 'role="article"'), GOOD),
    ("A01", W, edit('role="article"', 'role="main"'), GOOD),
    ("A02", W, add("<h1>again</h1>"), add("<h2>below</h2><h3>deeper</h3><h2>below</h2>")),
    ("A02", W, add("<h3>too deep</h3>"), add('<h1 style="display: none">hidden</h1>')),
    ("A02", N, replace(GOOD, html=LETTER.replace("<h1", "<p").replace("</h1>", "</p>")), GOOD),
    ("A03", E, add('<a href="https://a.example.com"></a>'), add('<a href="https://a.example.com" aria-label="The shop"></a>')),
    ("A03", W, add('<p>To see it <a href="https://a.example.com">Click here</a>.</p>'),
     add('<p>We <a href="https://a.example.com">click here and there</a> with needles.</p>')),
    ("A04", W, edit(JOURNAL, JOURNAL[:-1] + ' style="text-decoration: none">'),
     add('<p><a href="https://a.example.com" style="text-decoration: none">A link alone in its line</a></p>')),
    ("A05", E, edit("color: #222222", "color: #999999"), edit("color: #222222", "color: #707070")),
    ("A05", E, add('<p style="color: rgba(0, 0, 0, 0.3)">pale</p>'), add('<p style="display: none; color: #ffffff">hidden</p>')),
    ("A06", E, add('<p style="font-size: 11px">small print</p>'), add('<p style="font-size: 1px; display: none">x</p>')),
    ("A06", W, add('<p style="font-size: 13px">running text</p>'), add('<p class="footer" style="font-size: 13px">imprint</p>')),
    ("A06", W, edit("line-height: 26px", "line-height: 18px"), edit("line-height: 26px", "line-height: 1.5")),
    ("A07", W, edit("color: #222222;", "color: #222222; text-align: justify;"), add('<p align="center">middle</p>')),
    ("A07", W, add("<p>" + "SHOUTING " * 20 + "</p>"), add("<p>NATO AND THE BBC SAID SO</p>")),
    ("A08", W, edit(BUTTON, BUTTON.replace("12px", "8px")), edit(BUTTON, BUTTON.replace("12px", "11px"))),
    ("I01", E, edit(' alt="A red kettle by the window"', ""), edit('alt="A red kettle by the window"', 'alt=""')),
    ("I01", E, edit('alt="A red kettle by the window"', 'alt="IMG_2041.jpg"'), edit("by the window", "by window.png and door")),
    ("I01", E, add(f'<a href="https://a.example.com">{IMAGE.replace("A red kettle by the window", "")}></a>'),
     add(f'<a href="https://a.example.com">{IMAGE.replace("A red kettle by the window", "")}> The shop</a>')),
    ("I02", W, edit('width="560" style="', 'style="'), GOOD),
    ("I02", N, edit("display: block;", ""), edit('width="560" style="display: block;"', 'width="24"')),
    ("I03", E, edit("https://images.example.com/kettle.png", "data:image/png;base64,AAAA"), GOOD),
    ("I03", E, edit("https://images.example.com/kettle.png", "images/kettle.png"), GOOD),
    ("I03", E, edit("kettle.png", "kettle.webp?v=1"), edit("kettle.png", "webp/kettle.gif")),
    ("I03", W, edit("https://images", "http://images"), GOOD),
    ("X01", W, replace(GOOD, html=f"<p>{IMAGE}></p>"), replace(GOOD, html="<p>Just a line.</p>")),
    ("P01", W, edit(FILLER_TEXT, ""), GOOD),
    ("P01", W, edit(LETTER[LETTER.index("<div style"):LETTER.index("<!--[if mso]><table")], ""), GOOD),
    ("P01", W, edit("A kettle, a cartographer and a harbour master, all before noon.", "Short."), GOOD),
    ("P01", W, replace(GOOD, preheader=GOOD.subject), replace(GOOD, preheader="")),
    ("K01", E, edit("https://journal.example.com/three", "/three"), edit("https://journal.example.com/three", "mailto:a@b.example")),
    ("K01", E, edit("https://journal.example.com/three", "javascript:go()"), GOOD),
    ("K01", E, edit("https://journal.example.com/three", "https://192.0.2.7/x"), edit("journal.example.com/three", "7.example.com")),
    ("K01", E, edit("https://journal.example.com/three", "https://bit.ly/x"), edit("journal.example.com/three", "orbit.ly")),
    ("K01", E, edit("https://journal.example.com/three", "#nowhere"),
     replace(GOOD, html=LETTER.replace("https://journal.example.com/three", "#here").replace("<h1", '<h1 id="here"'))),
    ("K01", W, edit("https://journal.example.com/three", "http://journal.example.com/three"), GOOD),
    ("K01", N, replace(facts(public_url="http://127.0.0.1:8025"), html=LETTER.replace(JOURNAL, '<a href="http://127.0.0.1:8025/x">')), GOOD),
    ("K02", E, add('<p><a href="https://evil.example.net/x">www.bank.example</a></p>'),
     add('<p><a href="https://www.bank.example/login">bank.example/start</a></p>')),
    ("K03", E, edit(LEAVE, "unsubscribe"), replace(facts(marketing=False), html=LETTER.replace(LEAVE, ""))),
    ("K03", E, replace(facts(unsubscribe_url=""), html=LETTER.replace(LEAVE, "")), facts(unsubscribe_url="")),
    ("K03", W, edit("https://mail.example.com/choose/1", "https://mail.example.com/"), facts(preferences_url="")),
    ("K04", W, edit("https://mail.example.com/letter/1", "https://mail.example.com/"), facts(web_url="")),
    ("K05", E, edit("1 Reading Lane", "2 Reading Lane"), edit("1 Reading Lane, London", "1 Reading Lane,\n   London")),
    ("K05", E, facts(address=" "), facts(address="", marketing=False)),
    ("H01", W, replace(GOOD, subject="THREE READS FOR A WET SUNDAY"), replace(GOOD, subject="BBC, NASA: a day")),
    ("H01", W, replace(GOOD, subject="Re: your order"), replace(GOOD, subject="Reading: a habit")),
    ("H01", W, replace(GOOD, subject="long " * 13), replace(GOOD, subject="x" * 60)),
    ("H01", E, replace(GOOD, subject="  "), GOOD),
    ("H02", E, headers(From="Acme"), headers(From="Zoë <zoe@acme.example>")),
    ("H02", W, headers(Reply_To="no-reply@acme.example"), headers(Reply_To="norah.eply@acme.example")),
    ("H03", E, headers(List_Unsubscribe="<mailto:leave@acme.example>"),
     headers(List_Unsubscribe="<mailto:leave@acme.example>, <https://mail.example.com/leave/1>")),
    ("H03", E, headers(List_Unsubscribe_Post="yes"), replace(GOOD, headers={}, facts=replace(FACTS, marketing=False))),
    ("H05", E, headers(From="Acme <a@b.example>\r\nBcc: all@b.example"), headers(From="Ac\tme <a@b.example>")),
    ("H05", E, headers(X_Long="x" * 1200), headers(X_Long="x " * 1200)),
    ("V01", E, add("<p>Hi {{ customer.first_name }}</p>"), add("<p>a { single } brace</p>")),
    ("V01", E, edit("Dear Amara,", "Dear ,"), edit("Dear Amara,", "Dear Nan,")),
    ("V01", E, edit("Dear Amara,", "Dear <bdi></bdi>,"), edit("Dear Amara,", "Dear <bdi>Amara</bdi>,")),
    ("V01", E, edit("Dear Amara,", "Dear None,"), edit("Dear Amara,", "None of these is new.")),
    ("V01", E, edit("Dear Amara,", "Hello null!"), edit("Dear Amara,", "Hello Noné!")),
    ("V01", E, add("<p>You have <b>nan</b> points</p>"), add("<p>My nan and her cat</p>")),
    ("V01", E, edit("journal.example.com/three", "journal.example.com/None"), edit("/three", "/none-of-these")),
    ("V01", E, replace(GOOD, subject=", three reads"), replace(GOOD, subject="Amara, three reads")),
    ("V01", E, replace(GOOD, text=TEXT + "{% if offer %}"), replace(GOOD, text=TEXT + "15% off {today}")),
    ("V03", E, edit("SPRING", "WINTER"), facts(code="")),
    ("V03", E, replace(GOOD, text=TEXT.replace("SPRING", "WINTER")), GOOD),
    ("T01", E, replace(GOOD, text=" \n"), GOOD),
    ("T01", E, replace(GOOD, text="Dear Amara, SPRING"), replace(facts(marketing=False), text="SPRING")),
    ("T01", E, replace(GOOD, text=TEXT + "Kettle &amp; Page"), replace(GOOD, text=TEXT + "Kettle & Page; <3")),
    ("T02", N, replace(GOOD, text=TEXT + "word " * 20), replace(GOOD, text=TEXT + "https://a.example.com/" + "x" * 90)),
]  # fmt: skip
