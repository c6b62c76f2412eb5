"""Checks across files: every name leads somewhere, every test fits its field, nothing needed is missing."""
