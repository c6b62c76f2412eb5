"""Every rule of the proof-reader: its id, level, what it asks, and where that comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.model.problem import Severity
from engine.templating.lint import images, inbox, layout, links, reading, structure, styles, values
from engine.templating.lint.finding import Flaw
from engine.templating.lint.subject import Subject

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `level` holds unless a flaw says otherwise; an error stops `plan` and `send`."""

    code: str
    level: Severity
    asks: str
    source: str
    check: Callable[[Subject], Iterable[Flaw]]


EMC = "Email Markup Consortium, accessibility report 2026"
RULES: tuple[Rule, ...] = (
    Rule("S01", E, "an HTML5 doctype", "caniemail html-doctype; Good Email Code", structure.doctype),
    Rule("S02", E, "the letter's language", EMC, structure.language),
    Rule("S03", W, "the writing direction", EMC, structure.direction),
    Rule("S04", W, "a title", f"Cerberus; {EMC}", structure.title),
    Rule("S05", E, "utf-8 and a viewport", "Cerberus, Postmark, MJML", structure.charset),
    Rule(
        "S06",
        N,
        "no reformatting by Apple Mail",
        "Cerberus, Maizzle, Good Email Code",
        structure.reformatting,
    ),
    Rule("S07", E, "balanced tags and comments, unique ids", "Cerberus", structure.balance),
    Rule("W01", E, "a size Gmail does not cut", "Gmail clips at 102 KB", structure.whole_size),
    Rule("W02", E, "styles Gmail keeps", "caniemail html-style, note 6", structure.style_size),
    Rule("W04", E, "lines a mail server keeps", "RFC 5322, §2.1.1", structure.line_length),
    Rule("L01", W, "a readable width", "Cerberus, MJML, Postmark, Maizzle", layout.container),
    Rule("L02", E, "tables that are only layout", EMC, layout.layout_tables),
    Rule("L03", W, "a width in Outlook too", "caniemail css-max-width, note 1", layout.ghost_table),
    Rule("L04", W, "padding Outlook keeps", "caniemail css-padding, note 1", layout.padding),
    Rule("L05", N, "flat tables", "own", layout.nesting),
    Rule("C01", E, "no elements mail programs strip", "caniemail; Mailpit", styles.forbidden_elements),
    Rule(
        "C02",
        W,
        "no flex, grid or positions",
        "caniemail css-display-flex, css-position",
        styles.modern_layout,
    ),
    Rule(
        "C03",
        E,
        "no CSS that Gmail answers by dropping all",
        "caniemail css-variables, css-rgb",
        styles.modern_values,
    ),
    Rule("C04", W, "fonts that fall back well", "Cerberus; caniemail css-at-font-face", styles.web_fonts),
    Rule("C05", W, "no properties that break the layout", "caniemail", styles.breaking_properties),
    Rule("C06", W, "CSS that can be read", "CSS Syntax Level 3", styles.css_faults),
    Rule("D01", W, "a word about dark mode", "Postmark, Cerberus, Maizzle", styles.colour_scheme),
    Rule("D02", W, "a look for dark mode", "Cerberus, Postmark", styles.dark_styles),
    Rule("D03", E, "contrast in dark mode", "WCAG 2.2, 1.4.3", reading.contrast_dark),
    Rule("O01", W, "96 dots an inch in Outlook", "Cerberus, MJML, Maizzle", layout.pixels_per_inch),
    Rule("O02", W, "a colour below background pictures", "Cerberus", layout.background_colour),
    Rule("A01", W, "a wrapper that says: a letter", "Cerberus, MJML, Good Email Code", reading.wrapper),
    Rule("A02", W, "headings in order", f"WCAG 2.2, 1.3.1; {EMC}", reading.headings),
    Rule("A03", E, "links that say where they lead", f"WCAG 2.2, 2.4.4; {EMC}", reading.link_names),
    Rule("A04", W, "underlined links", f"WCAG 2.2, 1.4.1; {EMC}", reading.underlines),
    Rule("A05", E, "contrast", f"WCAG 2.2, 1.4.3; {EMC}", reading.contrast_light),
    Rule("A06", E, "a readable size of text", "Taxi for Email", reading.text_size),
    Rule("A07", W, "neither justified nor shouted", "WCAG 2.2, 1.4.8", reading.setting),
    Rule("A08", W, "buttons for thumbs", "WCAG 2.2, 2.5.5", reading.button_size),
    Rule("I01", E, "alt texts", EMC, images.alternatives),
    Rule("I02", W, "pictures with a width", "caniemail html-width; Cerberus", images.dimensions),
    Rule("I03", E, "pictures every program can fetch and draw", "caniemail image formats", images.addresses),
    Rule("X01", W, "words enough without pictures", "own", images.live_text),
    Rule("P01", W, "a preheader", "Cerberus, Maizzle", inbox.preheader),
    Rule("K01", E, "links that work anywhere", "react-email check-links", links.targets),
    Rule("K02", E, "links that lead where they say", "phishing filters", links.honest_links),
    Rule("K03", E, "a way out", "RFC 8058; Gmail and Yahoo sender rules", links.ways_out),
    Rule("K04", W, "a view in the browser", "own", links.in_browser),
    Rule("K05", E, "a postal address", "CAN-SPAM Act, 15 U.S.C. 7704(a)(5)", links.postal_address),
    Rule("H01", W, "an honest, short subject", "RFC 5322, §2.1.1", inbox.subject_line),
    Rule("H02", E, "a sender one can answer", "Gmail and Yahoo sender rules", inbox.sender),
    Rule("H03", E, "one-click unsubscribe", "RFC 2369, RFC 8058", inbox.one_click),
    Rule("H05", E, "headers without line breaks", "RFC 5322, §2.2", inbox.header_lines),
    Rule("V01", E, "no holes where values belong", "own", values.unrendered),
    Rule("V03", E, "the same code everywhere", "own", values.code_agrees),
    Rule("T01", E, "a text part that stands alone", "Postmark; Taxi for Email", values.text_part),
    Rule("T02", N, "short lines in the text part", "RFC 5322, §2.1.1", values.text_lines),
)
