"""The web door: readers' own pages, letters in the browser, and the news providers bring. Knows only the app."""
