"""One promise that was not kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`rule`: a name of `CHECKS`."""

    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.words}"
