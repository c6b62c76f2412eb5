"""The small workspace of the acceptance tests."""

from __future__ import annotations

from tests.acceptance.conftest import desk, people

__all__ = ["desk", "people"]
