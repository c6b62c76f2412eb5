"""Touchbase: newsletters and staying in touch, from YAML campaigns to one honest ledger."""

__version__ = "0.1.0"
