"""Customers without a person of their own are given one; one road for looking and for doing."""
