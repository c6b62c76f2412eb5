"""Feeds and offers, what a letter is about: plain values in, plain values out, no database."""
