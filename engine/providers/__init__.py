"""Ways out: one file per email API, each on the one protocol of `base`."""
