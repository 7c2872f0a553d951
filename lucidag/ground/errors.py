"""The one exception that a user is meant to read, and what it quotes of others."""


class InputError(Exception):
    """Something the user gave is wrong: one sentence that names the file or the key at fault."""


def first_line(error: BaseException) -> str:
    """Give the first line of what another library says of an error; where it says nothing, the error's kind."""
    return (str(error).splitlines() or [type(error).__name__])[0]
