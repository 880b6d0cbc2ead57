"""What a push service may answer."""

from dataclasses import dataclass
from datetime import timedelta

PRIVATE, BAD_KEY = "PrivateAddress", "BadKey"
"""Errors of our own: a service that lies in a private network, and a browser's key that is none."""

_GONE = frozenset({404, 410})
_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What came of a post: a status, or the kind of error there was instead of one."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the browser is there no more."""
        return self.status in _GONE or self.error == BAD_KEY

    @property
    def passing(self) -> bool:
        """Whether the same may be taken later."""
        if self.error in (PRIVATE, BAD_KEY):
            return False
        return self.status is None or self.status in _LATER or self.status >= 500

    def __str__(self) -> str:
        return f"answered {self.status}" if self.status is not None else f"no answer ({self.error})"
