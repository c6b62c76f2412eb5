"""The flows: each does one stretch of a letter's way; they meet in the store, never in each other."""
