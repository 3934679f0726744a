"""Measure letters, and measure the rules."""
