"""Names of IMAP folders: modified UTF-7, held against the examples of RFC 3501 and Python's own decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.mailbox.folders import quoted


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("INBOX", '"INBOX"'),
        ("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ('Entw\u00fcrfe & "mehr"', '"Entw&APw-rfe &- \\"mehr\\""'),
        ("a\\b", '"a\\\\b"'),
        ("x\r\ny", '"x&AA0ACg-y"'),
    ],
    ids=["plain", "rfc", "and", "backslash", "lines"],
)
def test_names_as_arguments(name: str, argument: str) -> None:
    assert quoted(name) == argument


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_is_one_line_of_ascii_and_can_be_read_back(name: str) -> None:
    argument = quoted(name)
    assert argument.isascii()
    assert argument.isprintable()
    coded = argument[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    # UTF-7 proper has + for & and / for the comma; what stands between shifts has to be shielded from it.
    parts = coded.split("&")
    text = parts[0]
    for part in parts[1:]:
        shifted, _, plain = part.partition("-")
        text += (f"+{shifted.replace(',', '/')}-".encode().decode("utf-7") if shifted else "&") + plain
    assert text == name
