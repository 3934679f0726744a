"""Rules that protect what they get."""
