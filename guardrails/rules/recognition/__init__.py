"""Rules that protect what happened and what it cost them."""
