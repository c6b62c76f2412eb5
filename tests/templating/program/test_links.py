"""Signed links name a delivery and a purpose; nobody can make or change one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LetterError, UsageError
from engine.templating.links import (
    ONE_CLICK,
    PURPOSES,
    Signer,
    link,
    list_headers,
    list_id_header,
)

OLD, NEW = "old-key-0123456789abcdef", "new-key-0123456789abcdef"
deliveries = st.text(string.ascii_letters + string.digits + "_-.", min_size=1, max_size=64)


@given(deliveries, st.sampled_from(PURPOSES), st.sampled_from(PURPOSES))
def test_a_token_is_believed_for_its_own_purpose_only(delivery: str, made: str, asked: str) -> None:
    signer = Signer([NEW])
    token = signer.suffix(made, delivery)
    assert signer.verify(asked, token) == (delivery if made == asked else None)


@given(deliveries, st.data())
def test_a_token_with_one_changed_bit_is_refused(delivery: str, data: st.DataObject) -> None:
    signer = Signer([NEW])
    token = bytearray(signer.suffix("web", delivery).encode())
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] ^= 1 << data.draw(st.integers(0, 7))
    assert signer.verify("web", token.decode("latin-1")) is None


@given(st.text(max_size=300))
def test_a_made_up_token_is_refused_without_an_error(token: str) -> None:
    assert Signer([NEW]).verify("unsubscribe", token) is None


@given(deliveries, st.integers(0, 40))
def test_a_shortened_token_is_refused(delivery: str, kept: int) -> None:
    signer = Signer([NEW])
    token = signer.suffix("unsubscribe", delivery)
    assert signer.verify("unsubscribe", token[: min(kept, len(token) - 1)]) is None


def test_an_older_key_is_still_believed_and_a_removed_one_is_not() -> None:
    token = Signer([OLD]).suffix("unsubscribe", "d-17")
    assert Signer([NEW, OLD]).verify("unsubscribe", token) == "d-17"
    assert Signer([NEW]).verify("unsubscribe", token) is None


def test_all_links_of_a_delivery_are_made_at_once() -> None:
    signer = Signer([NEW, OLD])
    asked = ["web", "click", "unsubscribe", "open", "preferences"]
    several = ["d-17", "d-1", "another"]
    made = signer.links("https://mail.acme.example", asked)(several)
    for delivery, links in zip(several, made, strict=True):
        assert list(links) == [
            link("https://mail.acme.example", purpose, signer.suffix(purpose, delivery)) for purpose in asked
        ]
        assert [
            signer.verify(purpose, url.rpartition("/")[2]) for purpose, url in zip(asked, links, strict=True)
        ] == [delivery] * len(asked)
    assert signer.links("https://mail.acme.example", [])(several) == [(), (), ()]


def test_the_token_shows_no_part_of_the_key_and_fits_a_short_link() -> None:
    token = Signer([NEW]).suffix("unsubscribe", "01HZX3V9K4")
    assert NEW not in token
    assert link("https://mail.acme.example/", "unsubscribe", token) == f"https://mail.acme.example/u/{token}"
    assert len(link("https://mail.acme.example", "unsubscribe", token)) <= 70


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, ""]])
def test_missing_and_short_keys_are_refused(keys: list[str]) -> None:
    with pytest.raises(UsageError):
        Signer(keys)


def test_marketing_letters_carry_one_click_unsubscribe() -> None:
    headers = dict(list_headers(True, list_name="Our monthly letter", list_id="newsletter.acme.example"))
    assert headers == {
        "List-ID": "Our monthly letter <newsletter.acme.example>",
        "List-Unsubscribe": "<{{ unsubscribe_url }}>",
        "List-Unsubscribe-Post": ONE_CLICK,
    }


def test_service_letters_offer_no_unsubscribing() -> None:
    assert [name for name, _ in list_headers(False, list_name="", list_id="a.b")] == ["List-ID"]


def test_a_list_name_cannot_break_out_of_its_header() -> None:
    assert list_id_header("A\r\nBcc: x <evil> {{ 1 }}", "a.b") == "A Bcc: x evil 1 <a.b>"


@pytest.mark.parametrize("wrong", ["", "plain", "a b.c", "a..b", "a.b\r\n", "{{x}}.b", "x." + "y" * 300])
def test_an_id_that_is_no_dotted_name_is_refused(wrong: str) -> None:
    with pytest.raises(LetterError):
        list_id_header("Name", wrong)
