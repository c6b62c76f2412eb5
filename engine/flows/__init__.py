"""What Touchbase does, one room a deed; the rooms never call each other, they meet in the store."""
