"""Rules that protect that every word has a fact behind it."""
