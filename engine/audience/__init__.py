"""Who: segments compiled to set-based SQL, why one person is in or out, and the audience of a run."""
