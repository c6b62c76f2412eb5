"""Deliver: claim, fill, write the intent, call, settle; several batches in flight, every one accounted for."""
