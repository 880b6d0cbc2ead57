"""Logs: readable on a terminal, JSON elsewhere; no whole phone number and no secret in either."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from notifier.domain import phones


def configure(*, level: str = "INFO") -> None:
    """Set up logging for this process."""
    readable = sys.stderr.isatty()
    last = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # a line at once: workers share one stderr
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masking("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class Masking(logging.Formatter):
    """For what libraries log: they mask nothing, and an exception's text may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        return phones.mask_phones_in(super().format(record))


def _mask(logger: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask phone numbers wherever they turn up. Ids and times hold longer or shorter runs of digits."""
    for key in ("event", "reason", "error", "detail", "exception", "to", "phone"):
        if isinstance(text := entry.get(key), str):
            entry[key] = phones.mask_phones_in(text)
    return entry
