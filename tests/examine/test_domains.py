"""A sender's domain is judged from what a real name server answers, over UDP and TCP."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.errors import NetworkError, UsageError
from engine.flows.examine import domains
from engine.flows.examine.selectors import USUAL, selectors
from engine.model.finding import Finding, Verdict
from engine.network.names import Names
from engine.providers.registry import PROVIDERS
from tests.doubles.name_server import Zone, running, silent
from tests.examine.zones import DOMAIN, ed25519_key, good_zone, pieces, rsa_key

FINE, PROBLEM, WARNING, UNKNOWN = Verdict.FINE, Verdict.PROBLEM, Verdict.WARNING, Verdict.UNKNOWN


def examined(zone: Zone, wanted: Sequence[str] = ("s1",)) -> dict[str, Finding]:
    with running(zone) as server:
        return {found.check: found for found in domains.examine(Names(server), DOMAIN, wanted)}


def verdicts(found: dict[str, Finding]) -> dict[str, Verdict]:
    return {check: finding.verdict for check, finding in found.items()}


def test_a_domain_in_good_order() -> None:
    found = examined(good_zone())
    assert verdicts(found) == {"mx": FINE, "spf": FINE, "dkim": FINE, "dmarc": FINE}
    assert "include:spf.provider.example" in found["spf"].what
    assert not [finding.do for finding in found.values() if finding.do]


def test_a_domain_that_does_not_exist_is_all_there_is_to_say() -> None:
    zone = {name: records for name, records in good_zone().items() if not name.endswith(DOMAIN)}
    found = examined(zone)
    assert verdicts(found) == {"dns": PROBLEM}
    assert "there is no domain" in found["dns"].what


LONG = {f"s{number}.example": {"TXT": ['"v=spf1 a mx -all"']} for number in range(5)}
MANY = '"v=spf1 ' + " ".join(f"include:s{number}.example" for number in range(5)) + ' -all"'
LOOP = {"loop.example": {"TXT": [f'"v=spf1 include:{DOMAIN} -all"']}}
KEY = f"s1._domainkey.{DOMAIN}"
DMARC = f"_dmarc.{DOMAIN}"


@pytest.mark.parametrize(
    ("name", "records", "check", "verdict", "said"),
    [
        (DOMAIN, {"A": ["192.0.2.1"], "TXT": ['"v=spf1 -all"']}, "mx", WARNING, "no MX record"),
        (DOMAIN, {"MX": ["0 ."], "TXT": ['"v=spf1 -all"']}, "mx", PROBLEM, "takes no mail"),
        (DOMAIN, {"TXT": ['"v=spf1 -all"']}, "mx", PROBLEM, "nobody takes mail"),
        (DOMAIN, {"MX": ["10 m."]}, "spf", WARNING, "no SPF record"),
        (DOMAIN, {"MX": ["10 m."], "TXT": ['"v=spf10 -all"']}, "spf", WARNING, "no SPF record"),
        (
            DOMAIN,
            {"MX": ["10 m."], "TXT": ['"v=spf1 -all"', '"V=SPF1 a -all"']},
            "spf",
            PROBLEM,
            "2 SPF records",
        ),
        (DOMAIN, {"MX": ["10 m."], "TXT": ['"v=spf1 a +all"']}, "spf", PROBLEM, "lets everybody send"),
        (DOMAIN, {"MX": ["10 m."], "TXT": ['"v=spf1 all"']}, "spf", PROBLEM, "lets everybody send"),
        (DOMAIN, {"MX": ["10 m."], "TXT": [MANY]}, "spf", PROBLEM, "15 look-ups"),
        (DOMAIN, {"MX": ["10 m."], "TXT": ['"v=spf1 include:loop.example -all"']}, "spf", FINE, "loop"),
        (KEY, {}, "dkim", PROBLEM, "no DKIM key at s1._domainkey"),
        (KEY, {"TXT": ['"v=DKIM1; p="']}, "dkim", PROBLEM, "no DKIM key"),
        (KEY, {"TXT": ['"v=DKIM1; p=not*base64"']}, "dkim", PROBLEM, "no DKIM key"),
        (KEY, {"TXT": [rsa_key(1024)]}, "dkim", WARNING, "1024 bits"),
        (KEY, {"TXT": [rsa_key(1024).replace("k=rsa; ", "")]}, "dkim", WARNING, "1024 bits"),
        (KEY, {"TXT": [rsa_key(4096)]}, "dkim", FINE, "s1._domainkey"),
        (KEY, {"TXT": [ed25519_key()]}, "dkim", FINE, "s1._domainkey"),
        (DMARC, {}, "dmarc", PROBLEM, "no DMARC record"),
        (DMARC, {"TXT": ['"v=DMARC1; rua=mailto:a@b.example"']}, "dmarc", PROBLEM, "no policy"),
        (DMARC, {"TXT": ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"']}, "dmarc", PROBLEM, "2 DMARC records"),
        (DMARC, {"TXT": ['"v=DMARC1;p=REJECT"']}, "dmarc", FINE, "p=reject"),
    ],
)
def test_each_record_is_judged(
    name: str, records: dict[str, list[str]], check: str, verdict: Verdict, said: str
) -> None:
    found = examined({**good_zone(), **LONG, **LOOP, name: records})[check]
    assert (found.verdict, said in found.what) == (verdict, True), found
    assert bool(found.why and found.do) is (verdict is not FINE)


def test_a_weak_key_is_told_by_its_length() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    with pytest.raises(ValueError, match="at least 1024"):
        rsa.generate_private_key(65537, 512)
    # No library of today makes such a key any more; this one is of 512 bits.
    weak = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALqbHeRLCyOdykC5SDLqI49ArYGYG1mqaH9/GnWjGavZM02fos4l2w2tCchcUBNtJvGqKwhC5JEnx3RYoSX2ucsCAwEAAQ=="
    assert domains.key_bits("rsa", weak) == 512
    found = examined({**good_zone(), KEY: {"TXT": [pieces(f"v=DKIM1; p={weak}")]}})["dkim"]
    assert (found.verdict, "too short: s1 (512 bits)" in found.what) == (PROBLEM, True)


def test_a_policy_of_the_domain_above_counts() -> None:
    zone = good_zone()
    zone["_dmarc.reading.example"] = zone.pop(DMARC)
    found = examined(zone)["dmarc"]
    assert (found.verdict, "from reading.example" in found.what) == (FINE, True)


def test_several_selectors_are_tried_and_none_is_said_to_be_unknown() -> None:
    assert examined(good_zone(), ("mail", "s1"))["dkim"].verdict is FINE
    found = examined(good_zone(), ())["dkim"]
    assert (found.verdict, "dkim_selectors" in found.do) == (UNKNOWN, True)


def test_a_name_server_that_says_nothing_is_not_a_bad_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.network.names.SECONDS", 0.3)
    with silent() as server:
        (found,) = domains.examine(Names(server), DOMAIN, ("s1",))
        assert found.verdict is UNKNOWN
        assert domains.answers(Names(server), DOMAIN).verdict is UNKNOWN
        with pytest.raises(NetworkError, match="no name server"):
            Names(server).ask(DOMAIN, "TXT")


def test_names_that_are_no_names_are_no_fault() -> None:
    with running(good_zone()) as server:
        for name in ("a..example", "x" * 70 + ".example"):
            with pytest.raises(NetworkError, match="cannot be looked up"):
                Names(server).ask(name, "TXT")


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("::1", "::1", 53),
        ("[::1]:5353", "::1", 5353),
    ],
)
def test_a_server_is_written_as_an_address(written: str, host: str, port: int) -> None:
    (server,) = Names(written).resolver.nameservers
    assert str(server) == f"Do53:{host}@{port}"


@pytest.mark.parametrize("written", ["dns.example", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:99999", "[::1"])
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="no name server"):
        Names(written)


def test_selectors_are_those_written_or_the_usual_ones() -> None:
    assert selectors(("own",), ("sendgrid",)) == ("own",)
    assert selectors((), ("sendgrid", "resend", "sendgrid")) == ("s1", "s2", "resend")
    assert selectors((), ("postmark",)) == ()
    assert set(USUAL) <= set(PROVIDERS)
