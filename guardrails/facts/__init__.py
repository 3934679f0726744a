"""What a letter states, item by item, and the fact of the case that stands behind each."""
