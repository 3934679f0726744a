"""Judge a letter: text and facts in, findings out. Pure: nothing here reads a clock or a network."""
