"""What the calendars ask for now: decided from what is written down and a moment, without touching anything."""
