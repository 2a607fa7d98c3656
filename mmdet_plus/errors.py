"""What this package raises for what a user can repair."""


class UserError(Exception):
    """Something the user can repair: an option, a config or a data file."""
