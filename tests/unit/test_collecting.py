"""The garbage collector is as it was once the letters have left, however that ended."""

from __future__ import annotations

import gc

import pytest

from engine.flows.deliver.collecting import SELDOM, seldom_collecting


def test_the_collector_is_as_it_was_even_after_an_error() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    def leave() -> None:
        with seldom_collecting():
            assert gc.get_threshold() == (SELDOM, *before[1:])
            assert gc.get_freeze_count() > frozen
            raise ConnectionError

    with pytest.raises(ConnectionError):
        leave()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
