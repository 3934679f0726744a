"""Rules that protect that we did it."""
