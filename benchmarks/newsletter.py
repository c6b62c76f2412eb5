"""The letter every benchmark sends: a 25–30 KB newsletter with five posts, an offer code and signed links."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from benchmarks.sinks import Sink

PRODUCTS = 5
TIERS = ("platinum", "gold", "silver")
CITIES = ("Oslo", "Lisboa", "Kraków", "Leeds", "Graz", "Nantes", "Bergen", "Galway")
NAMES = ("Ana", "Bjørn", "Chloé", "Dmitri", "Esra", "Fionn", "Grazyna", "Hugo", "Ines", "Jürgen", "Zoë", "Li")
SENTENCE = (
    "A slow pour, a warm cup and a chapter before anybody else is awake: this is the whole trick, and it costs "
    "about eleven minutes if the kettle is filled the night before. "
)

PROJECT = """\
project: benchmark
format: 1
time_zone: Europe/London
language: en-GB
database: sqlite:///touchbase.db
provider: sink
providers:
  sink: {{ {settings} }}
public_url: https://letters.reading.example
signing_key: a-key-for-benchmarks-only
company: {{ name: Reading Room Ltd, address: "1 Reading Lane, London N1 1AA, United Kingdom" }}
topics: {{ newsletter: Our monthly letter }}
allow_private_networks: true
"""
CUSTOMERS = """\
customers:
  key: customer_id
  fields:
    first_name: text
    last_name: text
    city: text
    tier: { one_of: [platinum, gold, silver] }
    points: number
    interests: list
    account_owner: text
"""
SEGMENTS = """\
segments:
  readers:
    title: Everybody subscribed
    all: [ { subscribed: newsletter } ]
"""
SENDERS = """\
senders:
  team: { name: Reading Room, email: hello@news.reading.example, reply_to: hello@reading.example }
"""
FEEDS = "feeds:\n  blog: { url: config/feed.xml, backfill: 9 }\n"
OFFERS = """\
offers:
  come-back:
    title: 15% off your next order
    code: { unique: "BACK-####-####" }
    valid_for: 14 days
    when_exhausted: stop
"""
CAMPAIGN = """\
campaign: newsletter
title: The monthly reading list
status: active
purpose: marketing
intent: give
topic: newsletter
audience: { include: [readers] }
content:
  feeds: { posts: { feed: blog, since: last send, pick: 5 } }
  offer: come-back
  template: newsletter.html
  subject: "{{ customer.first_name | default('Hello') }}, {{ posts | length }} reads for you"
  preheader: "{{ posts[0].title }} and more"
sender: team
"""


def write_workspace(folder: Path, *, customers: int, sink: Sink, url: str) -> None:
    """A whole workspace with a CSV of that many customers, ready to import."""
    files = {
        "config/project.yaml": PROJECT.format(settings=sink.settings.format(url=url)),
        "config/customers.yaml": CUSTOMERS,
        "config/segments.yaml": SEGMENTS,
        "config/senders.yaml": SENDERS,
        "config/feeds.yaml": FEEDS,
        "config/offers.yaml": OFFERS,
        "config/feed.xml": feed(),
        "campaigns/newsletter.yaml": CAMPAIGN,
        "templates/newsletter.html": template(),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_customers(folder / "customers.csv", customers)


def write_customers(path: Path, count: int) -> None:
    """`count` customers with the same seed every time."""
    chance = random.Random(17)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        header = "customer_id,email,first_name,last_name,city,tier,points,interests,account_owner,topics"
        writer.writerow(header.split(","))
        for number in range(count):
            writer.writerow(
                (
                    f"c{number}",
                    f"reader{number}@mail.example",
                    chance.choice(NAMES),
                    chance.choice(NAMES) + "sen",
                    chance.choice(CITIES),
                    chance.choice(TIERS),
                    chance.randrange(5000),
                    "",
                    "",
                    "newsletter",
                )
            )


def feed() -> str:
    """Five posts."""
    items = "".join(
        f"<item><title>Post number {number} about reading slowly</title>"
        f"<link>https://blog.reading.example/posts/{number}</link><guid>post-{number}</guid>"
        f"<description>{SENTENCE * 4}</description><category>reading</category>"
        f"<pubDate>{number + 10} Nov 2026 08:00:00 GMT</pubDate></item>"
        for number in range(5)
    )
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title>'
        f"<link>https://blog.reading.example/</link>{items}</channel></rss>"
    )


def template() -> str:
    """The newsletter's source: its own styles, and the framework's that every such template carries along."""
    products = "".join(
        f'<table class="product" role="presentation" width="100%"><tr><td class="cell">'
        f'<h3 class="name">Book number {number}</h3><p class="about">{SENTENCE}</p>'
        f'<p class="price">£{number + 8}.50 for you in {{{{ customer.city }}}}</p>'
        f'<p><a class="button" href="https://shop.reading.example/books/{number}">Have a look</a></p></td></tr></table>'
        for number in range(PRODUCTS)
    )
    return TEMPLATE.replace("<!--PRODUCTS-->", products).replace("/*FRAMEWORK*/", framework())


def framework() -> str:
    """Eight kilobytes of resets, grid and spacing, most of them unused, as templates for email carry them along.

    Foundation for Emails 2 brings four times as much.
    """
    columns = [
        f"td.columns-{number}, th.columns-{number} {{ width: {number * 50}px; padding: 0 8px 16px 8px; "
        f"vertical-align: top; text-align: left; }}"
        for number in range(1, 13)
    ]
    sides = ("top", "right", "bottom", "left")
    spaces = [
        f".{what[0]}{side[0]}-{size} {{ {what}-{side}: {size}px !important; }}"
        for what in ("padding", "margin")
        for side in sides
        for size in (0, 4, 8, 16, 24, 32)
    ]
    texts = [
        f"p.text-{size}, td.text-{size} {{ font-size: {size}px; line-height: {size * 3 // 2}px; "
        f"mso-line-height-rule: exactly; }}"
        for size in range(11, 33, 3)
    ]
    buttons = [
        f"a.button-{name}, a.button-{name}:visited {{ background-color: {colour}; border: 1px solid {colour}; "
        f"color: #ffffff; text-decoration: none; }}"
        for name, colour in (
            ("go", "#2f6f4f"),
            ("stop", "#9a2b1f"),
            ("calm", "#4a5a6a"),
            ("plain", "#6b6459"),
        )
    ]
    narrow = [
        f".columns-{number}, .stack-{number} {{ width: 100% !important; display: block !important; }}"
        for number in range(1, 13)
    ]
    media = f"@media only screen and (max-width: 600px) {{ {chr(10).join(narrow)} }}"
    return "\n".join([RESETS, *columns, *spaces, *texts, *buttons, media])


RESETS = """\
body, table, td, a { -webkit-text-size-adjust: 100%; -ms-text-size-adjust: 100%; }
table, td { mso-table-lspace: 0; mso-table-rspace: 0; }
img { border: 0; height: auto; line-height: 100%; outline: none; text-decoration: none; display: block; }
h1, h2, h3, h4, h5, h6 { word-wrap: normal; margin: 0; padding: 0; }
h1 a, h2 a, h3 a, h4 a, h5 a, h6 a { text-decoration: none; }
p { margin: 0; padding: 0; }
p.lead { margin-top: 12px; font-size: 19px; line-height: 29px; }
ul, ol { margin: 0 0 16px 24px; padding: 0; }
li { margin: 0 0 8px 0; }
table.body center { width: 100%; min-width: 580px; }
td.hero, td.hero p, td.hero a { color: #ffffff; background-color: #2b2320; }
blockquote { margin: 0 0 16px 0; padding: 0 0 0 16px; border-left: 4px solid #e6ddcf; }
hr { max-width: 580px; height: 0; border: 0; border-bottom: 1px solid #e6ddcf; margin: 24px auto; clear: both; }
.preheader { display: none; visibility: hidden; mso-hide: all; font-size: 1px; line-height: 1px; max-height: 0; }
"""

TEMPLATE = """\
<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><title>{{ campaign.title }}</title>
<style>
body { margin: 0; padding: 0; background-color: #f4efe6; font-family: Georgia, 'Times New Roman', serif; }
.wrapper { width: 600px; max-width: 600px; margin: 0 auto; background-color: #ffffff; border-collapse: collapse; }
.masthead { padding: 32px 40px 16px 40px; border-bottom: 2px solid #7a2e1d; color: #2b2320; text-align: left; }
.masthead h1 { margin: 0; font-size: 30px; line-height: 36px; font-weight: bold; color: #7a2e1d; }
.greeting { padding: 24px 40px 0 40px; font-size: 17px; line-height: 27px; color: #2b2320; }
.post { padding: 24px 40px 0 40px; border-bottom: 1px solid #e6ddcf; vertical-align: top; text-align: left; }
.post h2 { margin: 0 0 8px 0; font-size: 22px; line-height: 28px; font-weight: bold; color: #2b2320; }
.post h2 a { color: #7a2e1d; text-decoration: underline; font-weight: bold; }
.post p { margin: 0 0 16px 0; font-size: 17px; line-height: 27px; color: #2b2320; text-align: left; }
.note { margin: 0 0 16px 0; padding: 12px 16px; background-color: #f4efe6; color: #2b2320; font-style: italic; }
.product { border-collapse: collapse; margin: 0; background-color: #ffffff; border: 1px solid #e6ddcf; }
.cell { padding: 20px 40px; vertical-align: top; text-align: left; font-family: Georgia, serif; color: #2b2320; }
.name { margin: 0 0 6px 0; font-size: 19px; line-height: 25px; font-weight: bold; color: #2b2320; }
.about { margin: 0 0 10px 0; font-size: 16px; line-height: 25px; color: #4a403a; text-align: left; }
.price { margin: 0 0 10px 0; font-size: 16px; line-height: 25px; color: #2b2320; font-weight: bold; }
.button { display: inline-block; padding: 13px 24px; background-color: #7a2e1d; color: #ffffff; text-decoration: none;
  font-size: 17px; line-height: 20px; font-weight: bold; border-radius: 4px; }
.offer { margin: 24px 40px; padding: 24px; background-color: #f4efe6; border: 2px dashed #7a2e1d; text-align: center; }
.code { font-size: 26px; line-height: 32px; letter-spacing: 2px; font-weight: bold; color: #7a2e1d; }
.footer { padding: 24px 40px 40px 40px; font-size: 14px; line-height: 22px; color: #5c5149; text-align: left; }
.footer a { color: #7a2e1d; text-decoration: underline; }
/*FRAMEWORK*/
</style></head>
<body><div style="display:none;max-height:0;overflow:hidden">{{ preheader }}</div>
<table class="wrapper" role="presentation"><tr><td class="masthead"><h1>{{ campaign.title }}</h1></td></tr>
<tr><td class="greeting"><p>Dear {{ customer.first_name | default('reader') }} {{ customer.last_name | default('') }},</p>
{% if customer.tier == 'platinum' %}<p class="note">You have been with us from the start. Thank you, {{ customer.first_name | default('friend') }}.</p>
{% elif customer.tier == 'gold' %}<p class="note">Gold readers like you get the first look.</p>
{% else %}<p class="note">Every book you read brings you closer to gold.</p>{% endif %}
<p>You have {{ customer.points | default(0) }} points, and {{ customer.city | default('your town') }} has good light today.</p></td></tr>
{% for post in posts %}<tr><td class="post"><h2><a href="{{ post.url }}">{{ post.title }}</a></h2><p>{{ post.summary }}</p>
{% if loop.first %}<p>Chosen for {{ customer.first_name | default('you') }} in {{ customer.city | default('town') }}.</p>{% endif %}
<p><a class="button" href="{{ post.url }}?for={{ customer.customer_id | urlencode }}">Read it</a></p></td></tr>{% endfor %}
<tr><td><!--PRODUCTS--></td></tr>
{% if offer %}<tr><td><div class="offer"><p>{{ offer.title }}</p><p class="code">{{ offer.code }}</p></div></td></tr>{% endif %}
<tr><td class="footer"><p>{{ sender.name }} · {{ company.name }} · {{ company.address }}</p>
<p>You get this because you asked for {{ campaign.topic_title }}.
<a href="{{ web_url }}">View in browser</a> · <a href="{{ preferences_url }}">Preferences</a> ·
<a href="{{ unsubscribe_url }}">Unsubscribe</a></p></td></tr></table></body></html>
"""
