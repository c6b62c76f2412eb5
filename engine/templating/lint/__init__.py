"""The letter's proof-reader: rules over a finished letter, each with its source and a level."""
