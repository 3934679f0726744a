"""What each command of `amends` does, one file a command."""
