"""Rules that protect that we are sorry."""
