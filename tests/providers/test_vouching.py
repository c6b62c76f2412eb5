"""Asking each API which addresses may send: yes, no, or it does not say; and nothing is ever sent by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from engine.errors import ProviderError
from engine.flows.examine.surroundings import provider
from engine.providers.base import Vouches
from engine.providers.identities import judged
from engine.providers.registry import PROVIDERS, make_provider
from tests.corpus import corpus_path
from tests.doubles.api import TOKEN, Api, Reply, Request, json_reply, running
from tests.providers.test_probe import QUESTIONS, Knows

PRIYA, TOMAS, INES = "priya@news.acme.example", "tomas@other.example", "ines@letters.news.acme.example"
ADDRESSES = (PRIYA, TOMAS, INES)
Said = Mapping[str, bool]


@dataclass
class Case:
    """Every question's answer by its path, and what follows for the three addresses."""

    answers: Mapping[str, object]
    said: Said
    options: Mapping[str, object] = field(default_factory=dict)


YES_AND_NO = {PRIYA: True, TOMAS: False}
"""What is below a verified domain is not judged: providers differ."""

CASES = {
    "sendgrid": Case(
        {
            "/v3/verified_senders": {"results": [{"from_email": TOMAS, "verified": False}]},
            "/v3/whitelabel/domains": [
                {"domain": "news.acme.example", "valid": True},
                {"domain": "other.example", "valid": False},
            ],
        },
        YES_AND_NO,
    ),
    "mailgun": Case(
        {"/v3/domains/news.acme.example": {"domain": {"name": "news.acme.example", "state": "active"}}},
        {PRIYA: True},
    ),
    "resend": Case(
        {
            "/domains": {
                "data": [
                    {"name": "news.acme.example", "status": "verified"},
                    {"name": "other.example", "status": "pending"},
                ]
            }
        },
        YES_AND_NO,
    ),
    "brevo": Case(
        {
            "/senders": {"senders": [{"email": PRIYA, "active": True}, {"email": TOMAS, "active": False}]},
            "/senders/domains": {"domains": [{"domain_name": "c.example", "authenticated": False}]},
        },
        {PRIYA: True, TOMAS: False, INES: False},
    ),
    "sparkpost": Case(
        {
            "/sending-domains": {
                "results": [
                    {"domain": "news.acme.example", "status": {"ownership_verified": True}},
                    {
                        "domain": "other.example",
                        "status": {"ownership_verified": True, "compliance_status": "blocked"},
                    },
                ]
            }
        },
        YES_AND_NO,
    ),
    "mailjet": Case(
        {
            "/v3/REST/sender": {
                "Data": [
                    {"Email": "*@news.acme.example", "Status": "Active"},
                    {"Email": TOMAS, "Status": "Inactive"},
                ]
            }
        },
        YES_AND_NO,
    ),
    "mailersend": Case(
        {"/v1/domains": {"data": [{"name": "news.acme.example", "is_verified": True}]}}, YES_AND_NO
    ),
    "ses": Case(
        {
            "/v2/email/identities/news.acme.example": {"VerifiedForSendingStatus": True},
            "/v2/email/identities/other.example": {"VerifiedForSendingStatus": False},
        },
        {PRIYA: True, TOMAS: False, INES: True},
    ),
}


class Identities(Api):
    """Answers questions by their paths, and nothing else."""

    def __init__(self, knows: Knows, answers: Mapping[str, object], status: int = 200) -> None:
        super().__init__()
        self.knows, self.answers, self.status = knows, answers, status

    def question(self, request: Request) -> Reply:
        if not self.knows(request):
            return json_reply(401, {"message": "unauthorised"})
        path = unquote(request.path.partition("?")[0])
        return json_reply(self.status, self.answers[path]) if path in self.answers else json_reply(404, {})

    def judge(self, request: Request) -> Reply | None:
        raise AssertionError("something was sent")


def vouched(name: str, url: str, addresses: tuple[str, ...] = ADDRESSES) -> Said:
    options: dict[str, Any] = {"type": name, **QUESTIONS[name].options, "url": url}
    way = make_provider(name, options, workspace=Path(), allow_private_networks=True)
    assert isinstance(way, Vouches)

    async def ask() -> Said:
        try:
            return await way.vouch(addresses)
        finally:
            await way.close()

    return asyncio.run(ask())


def test_who_does_not_say_is_known() -> None:
    silent = {"outbox", "smtp", "postmark"}
    assert {*CASES} == {*PROVIDERS} - silent
    for name in silent:
        options = {"type": name, "token": TOKEN, "host": "127.0.0.1", "folder": "out"}
        taken = {"postmark": ("token",), "smtp": ("host",), "outbox": ("folder",)}[name]
        chosen = {"type": name, **{key: options[key] for key in taken}}
        assert not isinstance(make_provider(name, chosen, workspace=Path()), Vouches)


@pytest.mark.parametrize("name", CASES)
def test_addresses_are_known_or_not_or_not_judged(name: str) -> None:
    api = Identities(QUESTIONS[name].knows, CASES[name].answers)
    with running(api) as url:
        assert vouched(name, url) == CASES[name].said
    assert api.requests == 0


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize("name", CASES)
def test_an_api_that_does_not_answer_says_nothing_of_anybody(name: str, status: int) -> None:
    answers = {path: {"message": "no"} for path in CASES[name].answers}
    with running(Identities(QUESTIONS[name].knows, answers, status)) as url, pytest.raises(ProviderError):
        vouched(name, url, (PRIYA,))


def test_the_doctor_names_whom_it_does_not_know() -> None:
    senders = {"priya": PRIYA, "tomas": TOMAS, "ines": INES}
    with running(Identities(QUESTIONS["resend"].knows, CASES["resend"].answers)) as url:
        options = {"type": "resend", "token": TOKEN, "url": url}
        way = make_provider("mail", options, workspace=Path(), allow_private_networks=True)
        told = [
            each for each in provider(way, used=True, hears=True, senders=senders) if each.check == "senders"
        ]
    assert [(each.verdict, each.what) for each in told] == [
        ("fine", "mail takes letters from priya"),
        ("problem", f"mail does not know {TOMAS} of tomas"),
    ]


def test_a_domain_that_is_switched_off_takes_nobodys_letters() -> None:
    answer = {"domain": {"name": "news.acme.example", "state": "disabled"}}
    api = Identities(QUESTIONS["mailgun"].knows, {"/v3/domains/news.acme.example": answer})
    with running(api) as url:
        assert vouched("mailgun", url) == dict.fromkeys(ADDRESSES, False)


@pytest.mark.parametrize(
    ("verified", "doubtful", "complete", "said"),
    [
        (["acme.example"], [], True, None),
        (["PRIYA@news.acme.example"], [], True, True),
        (["priya@acme.example"], [], True, False),
        ([], [], True, False),
        ([], [], False, None),
        ([], ["news.acme.example"], True, None),
        ([], ["acme.example"], True, None),
        (["", "acme.example.com"], [], True, False),
    ],
)
def test_a_no_is_certain(verified: list[str], doubtful: list[str], complete: bool, said: bool | None) -> None:
    assert judged([PRIYA], verified, doubtful=doubtful, complete=complete).get(PRIYA) is said


QUESTIONS_IN_SPECIFICATIONS = [
    ("resend/resend.openapi.json", ('"/domains"', '"partially_verified"')),
    ("brevo/brevo.openapi.normalised.json", ('"/senders"', '"/senders/domains"', '"authenticated"')),
    ("mailjet/mailjet.openapi.yaml", ("/v3/REST/sender:", "Status")),
    ("sparkpost/apib/sending-domains.apib", ("[GET /v1/sending-domains{", '"ownership_verified"')),
    (
        "ses/botocore-sesv2-service-2.json",
        ("/v2/email/identities/{EmailIdentity}", "VerifiedForSendingStatus"),
    ),
]


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("file", "words"),
    QUESTIONS_IN_SPECIFICATIONS,
    ids=[file.partition("/")[0] for file, _ in QUESTIONS_IN_SPECIFICATIONS],
)
def test_what_is_asked_stands_in_the_specification(file: str, words: tuple[str, ...]) -> None:
    text = corpus_path(f"providers/{file}").read_text(encoding="utf-8")
    assert [word for word in words if word not in text] == []
