"""Letters sent once for many people: the provider's own tags where personal values will stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

from engine.errors import LetterError, UnsupportedFeature
from engine.model.letter import Letter
from engine.providers.base import TOKEN


def tokens_in(*texts: str) -> list[str]:
    """The tokens of some texts, each once, in the order they appear."""
    return list(dict.fromkeys(found[0] for text in texts for found in TOKEN.finditer(text)))


def name_of(token: str) -> str:
    """A short name for a token, different for each token of a letter, without the token in it."""
    return token[2:].partition("qz")[0]


def tagged(text: str, tag: Callable[[str], str]) -> str:
    """The text with tags in place of tokens."""
    return TOKEN.sub(lambda found: tag(found[0]), text)


def nonce(texts: Iterable[str], marker: Callable[[str], str]) -> str:
    """Eight hexadecimal digits with which `marker` writes something that stands nowhere in the texts.

    The same texts give the same digits, so that a letter's frame and its messages agree.
    """
    everything = "\x00".join(texts)
    number = 0
    while True:
        seed = f"{number}{everything}".encode(errors="surrogatepass")
        found = hashlib.blake2b(seed, digest_size=4).hexdigest()
        if marker(found) not in everything:
            return found
        number += 1


def check_mergeable(letter: Letter) -> None:
    """A merged letter has one sender and a body; UnsupportedFeature and LetterError otherwise."""
    personal = [letter.sender, *([letter.reply_to] if letter.reply_to else [])]
    if any(TOKEN.search(mailbox.name) or TOKEN.search(mailbox.address) for mailbox in personal):
        raise UnsupportedFeature("a merged letter comes from one sender; this one's is personal")
    if not letter.html and not letter.text:
        raise LetterError("the letter has no body", reason="template_error")


BEFORE_TAG = re.compile(r"[{\\](?=" + TOKEN.pattern + ")")
AFTER_TAG = re.compile("(?:" + TOKEN.pattern + r")\}")


def check_braces(*texts: str) -> None:
    """UnsupportedFeature for text in which tags made of braces would not be read as they are meant."""
    for each in texts:
        if "{{" in each or BEFORE_TAG.search(each) or AFTER_TAG.search(each):
            raise UnsupportedFeature(
                "the letter holds braces that would be read as a tag, so it cannot be merged"
            )


def refuse_marks(value: str, *marks: str) -> None:
    """UnsupportedFeature for a value that the provider would take for one of its own tags."""
    for mark in marks:
        if mark in value:
            raise UnsupportedFeature(f"a value holds `{mark}`, which the provider would replace")


def unmarked(escape: Callable[[str], bytes], *marks: str) -> Callable[[str], bytes]:
    """The same escaping, but UnsupportedFeature for values that hold one of these marks."""

    def checked(value: str) -> bytes:
        for mark in marks:
            if mark in value:
                refuse_marks(value, mark)
        return escape(value)

    return checked
