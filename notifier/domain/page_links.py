"""The address of the customer's own page, as texts and answers give it."""

from msgspec import Struct

PATH = "/o"
"""Under which it lies: ``/o/{token}``."""


class PageLinks(Struct, frozen=True):
    """``base`` is the address under which customers reach this service. Where ``in_texts`` is false the line may send
    no links, and texts name the shop's site instead."""

    base: str
    in_texts: bool = False


def path(token: str | None) -> str | None:
    """The path of a page, or None where an order has none."""
    return f"{PATH}/{token}" if token else None
