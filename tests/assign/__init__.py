"""Customers of nobody are given to somebody."""
