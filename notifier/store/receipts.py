"""Pictures of bank receipts: files in ``data_dir``, in a folder for each order, which goes when the order does.

What a file is called says nothing of whom it is about.
"""

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from notifier.errors import NotifierError
from notifier.store import private_files

LARGEST = 4 * 1024 * 1024
"""Bytes of a picture: what the camera of a phone makes of a slip of paper."""

MOST = 20
"""Pictures of one order."""

_NAME = re.compile(r"[0-9a-f]{32}\.(jpg|png|webp)")
KINDS = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


class NotAPicture(NotifierError, ValueError):
    """This is none of the pictures that are kept, or too large, or one too many."""


def kind_of(content: bytes) -> str | None:
    """What a file is by its first bytes, whatever its name says; None for all that is not kept."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return None


@dataclass(frozen=True, slots=True)
class ReceiptPictures:
    """The pictures that lie in one ``data_dir``."""

    data_dir: Path

    @property
    def _all(self) -> Path:
        return self.data_dir / "receipts"

    def keep(self, source: str, order_id: str, content: bytes, *, most: int = MOST) -> str:
        """Write a picture, on disk when this returns; its name. Raises NotAPicture, OSError.

        ``most`` is how many an order may have after that.
        """
        kind = kind_of(content[:16])
        if kind is None:
            raise NotAPicture("This is no JPEG, PNG or WebP picture.")
        if len(content) > LARGEST:
            raise NotAPicture(f"A picture may have at most {LARGEST} bytes.")
        folder = self._folder(source, order_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sum(1 for _ in folder.iterdir()) >= most:
            raise NotAPicture(f"An order may have at most {most} pictures.")
        name = f"{secrets.token_hex(16)}.{kind}"
        with private_files.created(folder / name) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return name

    def find(self, source: str, order_id: str, name: str) -> Path | None:
        """A picture of this order by its name."""
        path = self._folder(source, order_id) / name
        return path if _NAME.fullmatch(name) and path.is_file() and not path.is_symlink() else None

    def drop(self, source: str, order_id: str, name: str) -> None:
        """Remove one picture."""
        if path := self.find(source, order_id, name):
            path.unlink(missing_ok=True)

    def forget(self, source: str, order_id: str) -> int:
        """Remove all of an order; how many there were."""
        folder = self._folder(source, order_id)
        try:
            count = sum(1 for _ in folder.iterdir())
        except FileNotFoundError:
            return 0
        shutil.rmtree(folder)
        return count

    def _folder(self, source: str, order_id: str) -> Path:
        return self._all / sha256(f"{source}:{order_id}".encode()).hexdigest()[:32]
