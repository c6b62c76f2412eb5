"""Days, dates and lists of them as a person writes them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

# From three days in a row on, “Monday to Wednesday” is shorter than naming each.
A_ROW = 3


def date_in_words(day: date) -> str:
    """`5 January 2027`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def weekdays_in_words(numbers: Collection[int], joint: str = "and") -> str:
    """`Monday to Friday`, `Tuesday and Thursday`; numbers count from Monday = 0."""
    rows: list[list[int]] = []
    for number in sorted(set(numbers)):
        if rows and rows[-1][-1] == number - 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    words = []
    for row in rows:
        if len(row) >= A_ROW:
            words.append(f"{WEEKDAYS[row[0]]} to {WEEKDAYS[row[-1]]}")
        else:
            words.extend(WEEKDAYS[number] for number in row)
    return several(words, joint)


def several(words: list[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f"{', '.join(words[:-1])} {joint} {words[-1]}" if len(words) > 1 else "".join(words)
