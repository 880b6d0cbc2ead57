"""Addresses of the web as the configuration has them: read in one way, whatever each is then allowed to hold."""

from urllib.parse import SplitResult, urlsplit


def web_address(address: str) -> SplitResult | None:
    """The parts of an address that a request can be sent to; None where it is none."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None
