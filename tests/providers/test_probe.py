"""Asking each API about our account: known, unknown, in trouble, out of order; and nothing is ever sent by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.errors import AccountFault, NotSent
from engine.providers.base import Account, Probes
from engine.providers.registry import PROVIDERS, make_provider
from tests.doubles.api import TOKEN, Api, Reply, Request, json_reply, running
from tests.doubles.ses import ACCESS_KEY, REGION, SECRET_KEY, wrong_signature

Knows = Callable[[Request], bool]


def header(name: str, value: str) -> Knows:
    return lambda request: request.headers.get(name) == value


def basic(user: str, password: str) -> Knows:
    import base64

    return header("authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


@dataclass
class Question:
    """What an API is asked, whom it knows, what it answers, and what we understand of it."""

    path: str
    knows: Knows
    answer: object
    words: str
    options: Mapping[str, object] = field(default_factory=lambda: {"token": TOKEN})
    troubles: Mapping[str, object] = field(default_factory=dict)
    unknown: Reply = field(default_factory=lambda: json_reply(401, {"message": "unauthorised"}))


BEARER = header("authorization", f"Bearer {TOKEN}")
SES = {"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": {"Max24HourSend": 50000.0}}
QUESTIONS: dict[str, Question] = {
    "postmark": Question(
        "/server",
        header("x-postmark-server-token", TOKEN),
        {"Name": "Acme letters", "DeliveryType": "Live"},
        "server “Acme letters”",
        troubles={"sandbox": {"Name": "Acme letters", "DeliveryType": "Sandbox"}},
    ),
    "sendgrid": Question(
        "/v3/scopes",
        BEARER,
        {"scopes": ["mail.send", "alerts.read"]},
        "a key with 2 permissions",
        troubles={"may not send": {"scopes": ["alerts.read"]}},
    ),
    "mailgun": Question(
        "/v3/domains/news.acme.example",
        basic("api", TOKEN),
        {"domain": {"name": "news.acme.example", "state": "active"}},
        "domain news.acme.example, active",
        {"token": TOKEN, "domain": "news.acme.example"},
        troubles={"is unverified": {"domain": {"name": "news.acme.example", "state": "unverified"}}},
    ),
    "resend": Question(
        "/domains",
        BEARER,
        {"data": [{"name": "news.acme.example", "status": "verified"}, {"name": "b", "status": "pending"}]},
        "domains news.acme.example",
        troubles={"no domain": {"data": [{"name": "news.acme.example", "status": "pending"}]}},
    ),
    "brevo": Question(
        "/account",
        header("api-key", TOKEN),
        {"email": "a@b.example", "companyName": "Acme"},
        "account of Acme",
    ),
    "sparkpost": Question(
        "/account",
        header("authorization", TOKEN),
        {"results": {"company_name": "Acme", "status": "active"}},
        "account of Acme",
        troubles={"is suspended": {"results": {"company_name": "Acme", "status": "suspended"}}},
    ),
    "mailjet": Question(
        "/v3/REST/sender",
        basic(TOKEN, "a-secret"),
        {"Count": 2, "Data": [{"Email": "a@b.example", "Status": "Active"}, {"Status": "Inactive"}]},
        "1 active senders",
        {"token": TOKEN, "secret": "a-secret"},
        troubles={"no sender": {"Count": 0, "Data": []}},
    ),
    "mailersend": Question(
        "/v1/domains",
        BEARER,
        {"data": [{"name": "news.acme.example", "is_verified": True}, {"name": "b", "is_verified": False}]},
        "domains news.acme.example",
        troubles={"no domain": {"data": []}},
    ),
    "ses": Question(
        "/v2/email/account",
        lambda request: not wrong_signature(request, SECRET_KEY, ""),
        SES,
        f"region {REGION}, 50,000 letters a day",
        {"region": REGION, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY},
        troubles={
            "switched off": {**SES, "SendingEnabled": False},
            "sandbox": {**SES, "ProductionAccessEnabled": False},
        },
        unknown=json_reply(403, {"message": "The security token is invalid."}),
    ),
}
TROUBLES = [(name, trouble) for name, question in QUESTIONS.items() for trouble in question.troubles]


class Accounts(Api):
    """Answers one question, and nothing else."""

    def __init__(self, question: Question, answer: object = None, status: int = 200) -> None:
        super().__init__()
        self.about = question
        self.status = status
        self.answer = question.answer if answer is None else answer

    def question(self, request: Request) -> Reply:
        if request.path != self.about.path:
            return json_reply(404, {"message": request.path})
        return json_reply(self.status, self.answer) if self.about.knows(request) else self.about.unknown

    def judge(self, request: Request) -> Reply | None:
        raise AssertionError("something was sent")


def probe(name: str, url: str, **changed: object) -> Account:
    """What the provider of that type says, at this address."""
    options: dict[str, Any] = {"type": name, **QUESTIONS[name].options, "url": url, **changed}
    provider = make_provider(name, options, workspace=Path(), allow_private_networks=True)
    assert isinstance(provider, Probes)

    async def ask() -> Account:
        try:
            return await provider.probe()
        finally:
            await provider.close()

    return asyncio.run(ask())


def test_every_provider_can_be_asked() -> None:
    assert {*QUESTIONS, "outbox", "smtp"} == set(PROVIDERS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_known_account_is_told(name: str) -> None:
    api = Accounts(QUESTIONS[name])
    with running(api) as url:
        assert probe(name, url) == Account(QUESTIONS[name].words)
    assert (api.requests, len(api.asked)) == (0, 1)


@pytest.mark.parametrize(("name", "trouble"), TROUBLES)
def test_an_account_whose_letters_would_not_arrive_is_told(name: str, trouble: str) -> None:
    with running(Accounts(QUESTIONS[name], QUESTIONS[name].troubles[trouble])) as url:
        assert trouble in probe(name, url).trouble


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_wrong_token_is_the_accounts_fault(name: str) -> None:
    key = "secret_key" if name == "ses" else "token"
    with running(Accounts(QUESTIONS[name])) as url, pytest.raises(AccountFault) as caught:
        probe(name, url, **{key: "another-token"})
    assert caught.value.help
    assert "another-token" not in caught.value.message


@pytest.mark.parametrize("answer", [[], "text", 7], ids=["list", "text", "number"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_about_something_else_is_no_answer(name: str, answer: object) -> None:
    with running(Accounts(QUESTIONS[name], answer)) as url, pytest.raises(NotSent):
        probe(name, url)


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_api_out_of_order_tells_nothing_of_the_account(name: str) -> None:
    with running(Accounts(QUESTIONS[name], {}, 503)) as url, pytest.raises(NotSent) as caught:
        probe(name, url)
    assert "accepted" not in caught.value.message
    with pytest.raises(NotSent):
        probe(name, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("name", "status", "answer"),
    [
        ("resend", 401, {"name": "restricted_api_key", "message": "This API key may only send emails"}),
        ("sparkpost", 403, {"errors": [{"message": "Forbidden."}]}),
        ("mailersend", 403, {"message": "This action is unauthorized."}),
    ],
)
def test_a_key_that_may_only_send_is_a_good_key(name: str, status: int, answer: object) -> None:
    with running(Accounts(QUESTIONS[name], answer, status)) as url:
        found = probe(name, url)
    assert "may" in found.words
    assert not found.trouble


def test_the_outbox_is_asked_by_writing(tmp_path: Path) -> None:
    def ask() -> Account:
        provider = make_provider("out", {"type": "outbox", "folder": "letters"}, workspace=tmp_path)
        assert isinstance(provider, Probes)
        return asyncio.run(provider.probe())

    assert str(tmp_path / "letters") in ask().words
    (tmp_path / "letters").rmdir()
    (tmp_path / "letters").write_text("a file")
    with pytest.raises(AccountFault):
        ask()
