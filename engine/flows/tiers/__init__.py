"""Tiers: everybody scored, the tiers that follow, and what changes by them; one road for looking and for doing."""
