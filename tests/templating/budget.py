"""How many examples the property tests over generated templates try.

The suite tries a few; `TOUCHBASE_EXAMPLES=50 pytest tests/templating -k property` tries fifty times as many.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

VARIABLE = "TOUCHBASE_EXAMPLES"


def tries(count: int) -> settings:
    """Settings for `count` examples in the suite, and as many times more as the variable says."""
    return settings(
        max_examples=count * int(os.environ.get(VARIABLE, "1")),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
