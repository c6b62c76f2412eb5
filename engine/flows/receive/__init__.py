"""Hearing back: news of letters, whoever tells it, moves the ledger, the history and consent, once and forward only."""
