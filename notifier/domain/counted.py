"""How many of something, in English."""


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`, `1,000 errors`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
