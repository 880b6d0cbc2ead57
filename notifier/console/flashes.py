"""What the next page tells somebody of what they just did, and how they take it back."""

from msgspec import Struct

from notifier.errors import StoreError
from notifier.store.records import decode, encode


class UndoForm(Struct, frozen=True, array_like=True):
    """The form that takes it back: where it goes, and its fields."""

    path: str
    fields: dict[str, str] = {}


class Flash(Struct, frozen=True, array_like=True):
    """A sentence. ``about`` is the id of the call that is settled by it; ``warns`` where not all is well."""

    text: str
    undo: UndoForm | None = None
    about: str = ""
    warns: bool = False


def written(flash: Flash) -> str:
    return encode(flash).decode()


def read(text: str) -> Flash | None:
    """The one that was written; None where there is none, or it is from an older version."""
    try:
        return decode(text.encode(), Flash) if text else None
    except StoreError:
        return None
