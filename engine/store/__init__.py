"""What the engine remembers: customers, consent, events, posts, codes, runs and the ledger of deliveries."""
