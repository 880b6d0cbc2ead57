"""Addresses of recordings: only those of hosts that the operator named, since supervisors follow them."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_LONGEST = 500  # characters: fewer than a text is cut at, since half an address leads elsewhere


@dataclass(frozen=True, slots=True)
class RecordingRules:
    """``hosts`` may be linked to; ``base`` is put before what is a file's name alone."""

    hosts: frozenset[str] = frozenset()
    base: str = ""

    def taken(self, given: str) -> str:
        """The address, or "" for one that is none of these hosts', or not https."""
        if not given or len(given) > _LONGEST or any(ord(sign) < 33 or ord(sign) == 127 for sign in given):
            return ""
        if "://" not in given:
            if not self.base or ":" in given or given.startswith("/") or ".." in given.split("/") or "\\" in given:
                return ""
            return self.base.rstrip("/") + "/" + quote(given, safe="/")
        try:
            parts = urlsplit(given)
            if parts.port not in (None, 443):
                return ""
        except ValueError:
            return ""
        plain = parts.scheme == "https" and parts.username is None and parts.password is None
        return given if plain and (parts.hostname or "") in self.hosts and "\\" not in given else ""
