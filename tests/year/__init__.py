"""A year in the life: schedules of every form carried out for people on sixty clocks, while everything goes wrong.

`python -m tests.year --seeds N` lives through so many years. What is due when is worked out here anew, from calendars
alone (`reckoning`), and never asked of the program.
"""
