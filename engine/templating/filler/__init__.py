"""The generated filler: one Python function per variant that turns a person's values into a finished message."""
