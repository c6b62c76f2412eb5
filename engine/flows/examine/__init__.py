"""Examine: is everything that sending needs as it should be; each file looks at one thing and judges it purely."""
