"""Numbers of things in sentences: 1 tile, 2 tiles."""


def several(n: int, unit: str) -> str:
    """Return a number with what it counts.

    Parameters
    ----------
    n : int
        How many.
    unit : str
        What one of them is called; several have an s.
    """
    return f"{n} {unit}{'s' * (n != 1)}"


def agree(n: int, one: str, many: str) -> str:
    """Return the word that agrees with a number: ``one`` for 1, else ``many``."""
    return one if n == 1 else many
