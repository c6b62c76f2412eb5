"""The daemon's door: it ticks named jobs, serves the web part, minds signals, and knows only the app."""
