"""The ways of sending that are compared. Each module is a process of its own: `python -m benchmarks.ways.NAME …`."""
