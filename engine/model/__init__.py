"""The nouns that travel between rooms: frozen, plain, and the same word everywhere."""
