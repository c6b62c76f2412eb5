"""Plan: who is in a run, which variant each gets, and which code; all set-based, in the caller's transaction."""
