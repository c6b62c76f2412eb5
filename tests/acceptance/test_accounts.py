"""One letter an account by the real command: whoever cannot get it makes way for the next one."""

from __future__ import annotations

from tests.acceptance.conftest import Desk, adds_up
from tests.acceptance.test_contact import NOTE, TEMPLATE

FIELDS = """\
customers:
  key: customer_id
  fields: { first_name: text, company: text, role: text }
  accounts: { by: company, role: role }
"""
PEOPLE = """\
customer_id,email,first_name,company,role,topics
a1,one@a.example,,A,sponsor,newsletter
a2,two@a.example,Bo,A,buyer,newsletter
a3,three@a.example,Cy,A,user,newsletter
b1,one@b.example,Di,B,sponsor,newsletter
b2,two@b.example,Ed,B,user,newsletter
d1,one@d.example,,D,sponsor,newsletter
own,own@mail.example,Flo,,user,newsletter
"""
AUDIENCE = "audience: { include: [newsletter-readers], one_per: account, prefer: [sponsor, buyer] }"


def test_whoever_gets_no_letter_after_all_makes_way_for_the_next_one(desk: Desk) -> None:
    desk.write("config/customers.yaml", FIELDS)
    desk.write(
        "config/segments.yaml", "segments: { newsletter-readers: { all: [ { subscribed: newsletter } ] } }\n"
    )
    desk.write("config/senders.yaml", "senders: { team: { name: Us, email: us@news.reading.example } }\n")
    desk.write(
        "config/offers.yaml",
        "offers: { gift: { title: A gift, code: { pool: codes.csv }, when_exhausted: skip } }\n",
    )
    desk.write("codes.csv", "code\nONE\nTWO\n")
    desk.write("people.csv", PEOPLE)
    (desk.root / "campaigns" / "digest.yaml").unlink()
    note = NOTE.replace("audience: { include: [newsletter-readers] }", AUDIENCE)
    note = note.replace("| default('you')", "").replace("note.html,", "note.html, offer: gift,")
    desk.write("campaigns/note.yaml", note)
    desk.write("templates/note.html", TEMPLATE.replace("A note.", "A note: {{ offer.code }}."))
    desk.json("import", "customers", "people.csv")
    desk.json("suppress", "one@b.example")
    plan = desk.json("plan", "note")
    found = {each["customer_id"]: (each["reason"], each["detail"]) for each in plan["people"]}
    assert found == {
        "a1": ("missing_value", "first_name has no value"),
        "a2": (None, None),
        "a3": ("one_per_account", "the account's letter goes to a2 (buyer)"),
        "b1": ("suppressed", None),
        "b2": (None, None),
        "d1": ("offer_exhausted", None),
        "own": ("offer_exhausted", None),
    }
    assert desk.json("why", "a3", "note")["reason"] == "one_per_account"
    sent = desk.json("send", "note")
    assert (sent["accepted"], adds_up(sent)) == (2, True)
    desk.write(
        "more.csv",
        "customer_id,email,first_name,company,role,topics\na0,zero@a.example,Al,A,sponsor,newsletter\n",
    )
    desk.json("import", "customers", "more.csv")
    assert desk.json("send", "note")["accepted"] == 2, "a late joiner changes nothing of this occurrence"
