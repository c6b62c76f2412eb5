"""Anybody can send us a mail: whatever is in it, it is read within bounds, or as nothing, and never breaks us."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.mailbox.mime import DEEPEST, LONGEST_TEXT, MOST_PARTS, read_mail
from engine.mailbox.prose import MOST_RECIPIENTS
from engine.mailbox.reading import read
from tests.mailbox import samples
from tests.mailbox.samples import INSTALL, complaint, plain, report

WHOLE = [
    report("failed", "5.1.1", "smtp; 550 5.1.1 User unknown"),
    complaint(),
    *(
        plain(body)
        for body in (samples.EXIM, samples.QMAIL, samples.SENDMAIL, samples.EXCHANGE, samples.OUT_OF_OFFICE)
    ),
]
HEAD = "From: MAILER-DAEMON@x.example\nSubject: failure notice\n"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert read(raw, INSTALL)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_broken_report_is_read(data: st.DataObject) -> None:
    """Pieces of it missing, doubled, or written over with rubbish."""
    raw = bytearray(data.draw(st.sampled_from(WHOLE)).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 200))
        rubbish = data.draw(
            st.one_of(st.binary(max_size=20), st.just(bytes(raw[start : start + length]) * 2))
        )
        raw[start : start + length] = rubbish
    assert read(bytes(raw), INSTALL)


def nested(depth: int) -> str:
    return "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(depth)
    )


HOSTILE = {
    "nothing": b"",
    "one empty line": b"\r\n\r\n",
    "headers without an end": b"Subject: " + b"x" * 1_000_000,
    "a million header lines": b"X: y\n" * 300_000,
    "a million folded lines": b"Subject: a\n" + b" a\n" * 300_000,
    "nested a thousand deep": (HEAD + nested(1000)).encode(),
    "a boundary that is its own part": (
        HEAD + 'Content-Type: multipart/mixed; boundary=""\n\n--\n--\n'
    ).encode(),
    "ten thousand parts": (
        HEAD + "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nhello\n" * 10_000
    ).encode(),
    "a boundary of signs": (
        HEAD + 'Content-Type: multipart/mixed; boundary="(a+)+$[\\\\"\n\n--(a+)+$[\\\n\nx'
    ).encode(),
    "a bomb in base64": (
        HEAD + "Content-Transfer-Encoding: base64\n\n" + base64.b64encode(b"user unknown " * 200_000).decode()
    ).encode(),
    "broken base64": (HEAD + "Content-Transfer-Encoding: base64\n\n====%%%%A\n").encode(),
    "broken quoted-printable": (HEAD + "Content-Transfer-Encoding: quoted-printable\n\n=ZZ=\n=4").encode(),
    "encoded words without end": ("Subject: " + "=?utf-8?b?" * 20_000 + "\n\nx").encode(),
    "eight-bit junk": bytes(range(256)) * 4000,
    "a report of a hundred thousand recipients": report(
        "failed",
        "5.1.1",
        more="\n"
        + "".join(
            f"Final-Recipient: rfc822; a{n}@x.example\nAction: failed\nStatus: 5.1.1\n\n"
            for n in range(20_000)
        ),
    ).encode(),
    "prose about ten thousand people": plain(
        "\n".join(f"<a{number}@x.example>: user unknown" for number in range(10_000))
    ).encode(),
    "a diagnosis of a megabyte": report("failed", "5.1.1", "smtp; 550 " + "user unknown " * 80_000).encode(),
    "words that almost match": plain("recipient address mailbox user " * 30_000).encode(),
    "dots and letters": plain("a." * 300_000 + "@" * 300_000).encode(),
    "angle brackets": plain("<" * 300_000, kind="text/html").encode(),
    "line breaks": plain("\n" * 500_000).encode(),
    "NUL everywhere": report("failed", "5.1.1").replace("e", "e\x00").encode(),
    "dates and ids of nonsense": (
        b"Date: " + b"9" * 5000 + b"\nMessage-ID: " + b"<" * 5000 + b"\nFrom: " + b"<" * 5000 + b"\n\nx"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_within_bounds(name: str) -> None:
    answers = read(HOSTILE[name], INSTALL)
    assert 1 <= len(answers) <= MOST_RECIPIENTS
    for answer in answers:
        assert len(answer.address) <= 400
        assert "\n" not in answer.address


def test_depth_number_and_size_of_parts_are_bounded() -> None:
    deep = read_mail(HOSTILE["nested a thousand deep"])
    assert len(deep.parts) <= DEEPEST
    assert len(read_mail(HOSTILE["ten thousand parts"]).parts) <= MOST_PARTS
    assert all(len(part.text) <= LONGEST_TEXT for part in read_mail(HOSTILE["a bomb in base64"]).parts)


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.net\r\nBcc: all@example.net",
        "ana@example.net\x00",
        "<script>@example.net",
        "a b@example.net",
    ],
)
def test_an_address_with_more_in_it_is_not_taken_whole(address: str) -> None:
    for answer in read(report("failed", "5.1.1", final=f"rfc822; {address}", original="").encode(), INSTALL):
        assert "\n" not in answer.address
        assert "\r" not in answer.address
        assert "<" not in answer.address
        assert " " not in answer.address
