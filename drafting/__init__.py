"""Write letters, and keep what becomes of them."""
