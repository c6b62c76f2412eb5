"""Compose: a variant's key becomes a compiled program, and a claimed batch becomes finished letters."""
