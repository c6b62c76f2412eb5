"""Codes that cannot be guessed or confused, and pools of ready-made ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import pytest

from engine.content.codes import SIGNS, generate, pattern_problem, room, signs_needed
from engine.content.pools import read_pool
from engine.errors import ImportRefused, UsageError


def nothing_taken(_: Sequence[str]) -> set[str]:
    return set()


def test_codes_have_the_patterns_form_and_are_all_different() -> None:
    codes = generate("BACK-####-####", 5000, nothing_taken, limit=5000)
    assert len(set(codes)) == 5000
    assert all(re.fullmatch(rf"BACK-[{SIGNS}]{{4}}-[{SIGNS}]{{4}}", code) for code in codes)


def test_no_sign_can_be_taken_for_another_or_make_a_word() -> None:
    assert not set(SIGNS) & set("0O1ILAEIOU")


def test_every_sign_is_about_as_likely_as_any_other() -> None:
    signs = Counter(
        "".join(code.removeprefix("X-") for code in generate("X-##########", 20_000, nothing_taken))
    )
    expected = 200_000 / len(SIGNS)
    # Twelve standard deviations: a bias of the usual kind (256 mod 28) would be thirty.
    assert all(abs(signs[sign] - expected) < 12 * expected**0.5 for sign in SIGNS)


def test_codes_that_exist_are_drawn_again_with_one_question_a_round() -> None:
    questions: list[int] = []
    refused: set[str] = set()

    def taken(codes: Sequence[str]) -> set[str]:
        questions.append(len(codes))
        if len(questions) == 1:
            refused.update(codes[:10])
        return refused

    codes = generate("{%s}-########", 100, taken)
    assert len(set(codes)) == 100
    assert not refused & set(codes)
    assert questions == [100, 10]
    assert all(code.startswith("{%s}-") for code in codes)


@pytest.mark.parametrize(
    ("pattern", "limit", "good"),
    [
        ("BACK-####-####", 5000, True),
        ("BACK-####-####", None, True),
        ("BACK-####", 5000, False),
        ("SPRING", 1, False),
        ("######", 400, True),
        ("######", 5000, False),
        ("BACK ########", 10, False),
        ("BACK\n########", 10, False),
        ("x" * 60 + "########", 10, False),
    ],
)
def test_a_pattern_must_have_room_enough_to_be_unguessable(
    pattern: str, limit: int | None, good: bool
) -> None:
    assert (pattern_problem(pattern, limit) is None) is good


def test_the_help_says_how_many_signs_are_needed() -> None:
    problem = pattern_problem("BACK-####", 5000)
    assert problem is not None
    assert "at least 7 `#`, like `BACK-####-###`" in problem[1]
    assert signs_needed(5000) == 7
    assert room("BACK-####") == 28**4
    with pytest.raises(UsageError, match="could be guessed"):
        generate("BACK-####", 10, nothing_taken, limit=5000)


@pytest.mark.parametrize(
    "content",
    [
        b"AAA\nBBB\nCCC\n",
        b"\xef\xbb\xbfCode\r\nAAA\r\n\r\nBBB\r\nCCC",
        b'"AAA","10%"\n"BBB","20%"\n"CCC",""\n',
        b"code;used\nAAA;no\nBBB;no\nAAA;no\nCCC;no\n",
        "CODE\tnote\nAAA\tx\nBBB\ty\nCCC\tz".encode("utf-16"),
        b"\n\n voucher code \nAAA \n BBB\nCCC",
    ],
)
def test_a_pool_is_read_from_whatever_a_shop_exported(content: bytes) -> None:
    assert read_pool(content, "codes/x.csv").codes == ("AAA", "BBB", "CCC")


def test_repeated_and_unusable_codes_are_told() -> None:
    pool = read_pool(b"AAA\nAAA\nB\x07B\nAAA\n" + b"x" * 101 + b"\nCCC\n", "codes/x.csv")
    assert (pool.codes, pool.repeated, pool.unusable) == (("AAA", "CCC"), 2, (3, 5))


@pytest.mark.parametrize("content", [b"", b"\n \n", b"Code\n", b"\x89PNG\0\0\0"])
def test_a_file_without_codes_is_refused(content: bytes) -> None:
    with pytest.raises(ImportRefused, match="codes/x"):
        read_pool(content, "codes/x.csv")
