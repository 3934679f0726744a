"""What a user's mistake is told as."""


class CaseError(ValueError):
    """A case, policy or letter file that cannot be used. Its text is one line: file, field, remedy."""
