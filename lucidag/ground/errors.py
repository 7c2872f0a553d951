"""The one exception that a user is meant to read."""


class InputError(Exception):
    """Something the user gave is wrong: one sentence that names the file or the key at fault."""
