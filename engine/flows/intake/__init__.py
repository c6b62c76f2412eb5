"""The way in for customers and events: a spreadsheet read row by row, judged, and remembered."""
