"""Letters as a campaign makes them: a program filled for several people, sent, and read back as the readers get them."""

from __future__ import annotations

import contextlib

import pytest

from engine.model.letter import Batch, Verdict
from engine.templating.filler.filler import Filler
from tests.doubles import api
from tests.providers.api_way_out import ApiWayOut
from tests.providers.conformance import deliver, run
from tests.providers.letters import unix
from tests.providers.test_brevo import BrevoWayOut
from tests.providers.test_brevo import double as brevo
from tests.providers.test_mailersend import MailersendWayOut
from tests.providers.test_mailersend import double as mailersend
from tests.providers.test_mailgun import MailgunWayOut
from tests.providers.test_mailgun import double as mailgun
from tests.providers.test_mailjet import MailjetWayOut
from tests.providers.test_mailjet import double as mailjet
from tests.providers.test_resend import ResendWayOut
from tests.providers.test_resend import double as resend
from tests.providers.test_sendgrid import SendgridWayOut
from tests.providers.test_sendgrid import double as sendgrid
from tests.providers.test_ses import SesWayOut
from tests.providers.test_ses import double as ses
from tests.providers.test_sparkpost import SparkpostWayOut
from tests.providers.test_sparkpost import double as sparkpost
from tests.templating.program.building import SYSTEM, UNSUBSCRIBE, filler, program

WAYS: list[tuple[type[ApiWayOut], type[api.Api], bool]] = [
    (ResendWayOut, resend.Resend, False),
    (BrevoWayOut, brevo.Brevo, False),
    (MailjetWayOut, mailjet.Mailjet, False),
    (SesWayOut, ses.Ses, False),
    (SesWayOut, ses.Ses, True),
    (SparkpostWayOut, sparkpost.Sparkpost, False),
    (SparkpostWayOut, sparkpost.Sparkpost, True),
    (SendgridWayOut, sendgrid.Sendgrid, False),
    (SendgridWayOut, sendgrid.Sendgrid, True),
    (MailgunWayOut, mailgun.Mailgun, False),
    (MailgunWayOut, mailgun.Mailgun, True),
    (MailersendWayOut, mailersend.Mailersend, False),
]
HTML = """<p title="{{ customer.first_name }}">Dear {{ customer.first_name }},</p>
{% if customer.tier == "gold" %}<b>Thank you, {{ customer.first_name }} &amp; friends</b>{% else %}<i>Hello</i>{% endif %}
<ul>{% for interest in customer.interests %}<li>{{ interest }}</li>{% else %}<li>nothing yet</li>{% endfor %}</ul>
<a href="{{ unsubscribe_url }}">leave</a>"""
PEOPLE = [
    {
        "customer.first_name": "Zoë",
        "customer.tier": "gold",
        "customer.interests": ["bread", 'salt & "pepper"'],
    },
    {"customer.first_name": "O'Neil <b>", "customer.tier": "silver", "customer.interests": []},
    {
        "customer.first_name": "back\\slash 100% ${x} }} %}",
        "customer.tier": "",
        "customer.interests": ["<li>"],
    },
]


@pytest.mark.parametrize(
    ("way", "double", "merged"), WAYS, ids=lambda each: getattr(each, "__name__", str(each))
)
def test_a_filled_letter_arrives_as_its_program_says(
    way: type[ApiWayOut], double: type[api.Api], merged: bool
) -> None:
    server = double()
    with api.running(server) as url:
        way_out = way(server, url)
        provider = way_out.provider()
        wire = provider.merge_wire if merged else provider.wire
        assert wire is not None
        headers = (("List-ID", "Monthly <m.acme.example>"), ("List-Unsubscribe", "<{{ unsubscribe_url }}>"))
        made = filler(program(HTML, subject="{{ customer.first_name }}, three reads", headers=headers), wire)
        slots = [made.slots(values(made, number, person)) for number, person in enumerate(PEOPLE)]
        batch = Batch()
        for number, each in enumerate(slots):
            made.append(batch, each, key=f"key-{number}")
        assert batch.frame.merged is merged
        (outcomes,) = run(deliver(provider, batch))
        received = sorted(way_out.received(), key=lambda got: got.reference)  # type: ignore[attr-defined]
    assert server.violations == []
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    for number, got in enumerate(received):
        letter = made.letter(slots[number])
        expected = (
            letter.subject,
            letter.html,
            letter.text,
            letter.reference,
            letter.to.name,
            letter.to.address,
        )
        # Braces of a value are character references in the HTML of these two: a browser shows the same.
        referring = way in (BrevoWayOut, MailersendWayOut)
        html = got.html.replace("&#123;", "{").replace("&#125;", "}") if referring else got.html
        assert (got.subject, html, got.text, got.reference, *got.to) == tuple(map(unix, expected))
        for name, value in letter.headers:
            with contextlib.suppress(KeyError):
                assert got.headers[name.lower()] == value
            assert name.lower() in got.headers or name.lower() in provider.limits.replaced_headers


def values(made: Filler, number: int, person: dict[str, object]) -> list[object]:
    """One person's values in the filler's order."""
    system = {**SYSTEM, "to.address": f"reader{number}@example.org", "reference": f"a1-{number}"}
    return [{**system, "unsubscribe_url": UNSUBSCRIBE, **person}.get(name) for name in made.inputs]
