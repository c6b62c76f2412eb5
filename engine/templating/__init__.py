"""Templates: the two-stage letter, its text part, its links and its faults."""
