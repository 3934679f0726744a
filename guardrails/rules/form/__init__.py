"""Rules that protect the letter's shape: subject, tone, placeholders, signer."""
