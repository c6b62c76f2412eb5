"""Every kind of field on its whole way: from a cell, through a segment, into a letter."""

from __future__ import annotations

from tests.acceptance.conftest import Desk

CUSTOMERS = """\
customers:
  fields:
    first_name: text
    points: number
    joined: date
    renewed: moment
    interests: list
    vip: yes_or_no
    tier: { one_of: [gold, silver] }
  csv: { "E-mail": email }
"""
PEOPLE = """\
Customer ID;E-mail;First Name;points;joined;renewed;interests;vip;tier;Time Zone;Language;tags;topics
1;ana@mail.example;Ana;1.234,50;31.12.2025;2026-11-20 00:30;coffee|tea;yes;Gold;europe/lisbon;PT_pt;vip;newsletter
2;bo@mail.example;;;;;;;;;;;newsletter
"""
SEGMENTS = """\
segments:
  newsletter-readers: { all: [ { subscribed: newsletter } ] }
  text: { all: [ { field: first_name, starts_with: an } ] }
  number: { all: [ { field: points, at_least: 1234.5 } ] }
  date: { all: [ { field: joined, within: 1 year } ] }
  moment: { all: [ { field: renewed, is: 2026-11-20 } ] }
  list: { all: [ { field: interests, contains: TEA } ] }
  truth: { all: [ { field: vip, is: true } ] }
  choice: { all: [ { field: tier, is: gold } ] }
  zone: { all: [ { field: time_zone, is: Europe/Lisbon } ] }
  language: { all: [ { field: language, is: pt-PT } ] }
  tag: { all: [ { field: tags, contains: vip } ] }
"""
LINE = (
    "{{ customer.points | default('-') }} / {{ customer.joined | default('-') }} / "
    "{% if customer.renewed %}{{ customer.renewed | date('%-d %b %H:%M') }}{% else %}-{% endif %} / "
    "{{ customer.interests | default([]) | join(' and ') }} / {{ customer.tier | default('-') }} / "
    "{% if customer.vip %}very{% else %}not so{% endif %}"
)


def test_every_kind_of_field_comes_from_a_cell_and_goes_into_a_letter(desk: Desk) -> None:
    desk.write("config/customers.yaml", CUSTOMERS)
    desk.write("config/segments.yaml", SEGMENTS)
    desk.write("people.csv", PEOPLE)
    desk.edit("config/senders.yaml", "account-owner: { from_field: account_owner, otherwise: team }\n", "")
    desk.edit("campaigns/digest.yaml", "sender: account-owner", "sender: team")
    desk.edit("campaigns/digest.yaml", ", exclude: [open-complaint]", "")
    desk.edit("templates/letter.html", "<h1>", f"<p>[{LINE}]</p><h1>")
    assert desk.run("check").code == 0
    assert desk.json("import", "customers", "people.csv")["added"] == 2
    counts = {row["segment"]: row["count"] for row in desk.json("segments")}
    assert counts.pop("newsletter-readers") == 2
    assert set(counts.values()) == {1}, counts
    assert desk.json("send", "digest")["accepted"] == 2
    shown = desk.json("preview", "digest", "--for", "ana@mail.example")["html"]
    assert "[1234.5 / 2025-12-31 / 20 Nov 00:30 / coffee and tea / gold / very]" in shown
    shown = desk.json("preview", "digest", "--for", "bo@mail.example")["html"]
    assert "[- / - / - /  / - / not so]" in shown
