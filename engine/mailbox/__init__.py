"""Mails that come back: bounces, complaints, automatic answers and replies, read by structure and by words."""
