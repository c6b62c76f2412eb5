"""What the marketer wrote: read strictly, checked completely, every value knowing its file and line."""
