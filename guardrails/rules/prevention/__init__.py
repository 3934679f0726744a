"""Rules that protect what changes, and what comes next."""
