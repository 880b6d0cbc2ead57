"""Logs: a line for each thing that happens, to stderr; JSON, or readable on a terminal.

A story is followed with grep: ``order`` is in every line from the webhook to the delivery report, ``event_id`` where an
event came, ``message`` and ``call`` where they are spoken of. What each ``action`` means is in docs/reference/log.md.

Whatever a line is given, no whole phone number, no secret of the configuration and no control character leaves here.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import Processor

from notifier.domain import phones

Format = Literal["auto", "json", "readable"]
Entry = MutableMapping[str, Any]

_OURS = frozenset({"action", "message", "messages", "call", "calls", "news"})
"""What we made up ourselves, and nobody outside: it is written as it is."""

_NOT_PHONES = frozenset({"provider_id", "inbound"})
"""Numbers that a provider made up: masked, they could not be looked up. What a shop made up is not among them."""

_SHORTEST_SECRET = 10  # characters: a shorter one would be found in words
_SHORTEST_PHONE = 8
_REPEATED = 40  # characters: the words of lines are the same again and again, and remembered as they were cleaned
_DIGITS = re.compile(rf"\d(?:\W{{0,3}}\d){{{_SHORTEST_PHONE - 1}}}")  # with fewer in a row there is no phone
_TOKENS = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,}|(?<=Bearer )[^\s\"']{8,}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_secrets: tuple[str, ...] = ()
_level = logging.NOTSET


def configure(*, level: str = "info", form: Format = "auto", secrets: Iterable[str] = ()) -> None:
    """Set up logging for this process; ``secrets`` never show in it."""
    global _secrets, _level
    _secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
    readable = sys.stderr.isatty() if form == "auto" else form == "readable"
    _known.cache_clear()
    _level = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.format_exc_info, guard, _readable() if readable else _as_json],
        wrapper_class=structlog.make_filtering_bound_logger(_level),
        logger_factory=lambda *_: _LINES,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[Forwarding()])


def shows(level: int) -> bool:
    """Whether lines of this level are written at all."""
    return level >= _level and guard in structlog.get_config()["processors"]


def at_once(rows: Iterable[Entry], *, method: str = "info") -> None:
    """Lines of one moment in one write, for what happens a thousand times a second: each costs a third of what it would
    by itself. To be asked only where `shows` says so."""
    now, render = _now(), structlog.get_config()["processors"][-1]
    _LINES.msg("\n".join([render(None, method, _guarded(row, method, now)) for row in rows]))


def guard(logger: Any, method: str, entry: Entry) -> Entry:
    """The last line of defence: everything as plain values, without phones, secrets and line breaks."""
    return _guarded(entry, method, _now())


def cleaned(entry: Entry) -> Entry:
    """The values of a log line for others to tell, without phones, secrets and control characters."""
    plain = _guarded(entry, "info", "")
    del plain["timestamp"], plain["level"]
    return plain


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _guarded(entry: Entry, method: str, now: str) -> Entry:
    plain: dict[str, Any] = {"timestamp": now, "level": "error" if method == "exception" else method}
    for name, value in entry.items():
        if value is None or name in _OURS:
            plain[name] = value
        elif type(value) is not str:
            plain[name] = _plain(value, may_be_phone=name not in _NOT_PHONES)
        elif len(value) < _SHORTEST_PHONE and value.isprintable():
            plain[name] = value
        elif name == "exception":
            # Indented, no line of it can pass for one of the log.
            plain[name] = "\n".join(f"    {_clean(line)}" for line in value.splitlines())
        elif name in _NOT_PHONES or len(value) > _REPEATED:
            plain[name] = _clean(value, may_be_phone=name not in _NOT_PHONES)
        elif "***" in value and phones.is_masked(value):
            plain[name] = value  # no two alike, so that remembering them is no use
        else:
            plain[name] = _known(value)
    return plain


def _plain(value: Any, *, may_be_phone: bool = True) -> Any:
    match value:
        case str():
            return _clean(str(value), may_be_phone=may_be_phone)
        case None | bool() | float():
            return value
        case int():
            masked = _clean(str(value)) if may_be_phone else None
            return value if masked is None or masked == str(value) else masked
        case Mapping():
            return {_clean(str(name)): _plain(one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(one, may_be_phone=may_be_phone) for one in value]
    return _clean(str(value))


def _clean(text: str, *, may_be_phone: bool = True) -> str:
    if len(text) >= _SHORTEST_SECRET:
        for secret in _secrets:
            if secret in text:
                text = text.replace(secret, "***")
        if "whsec_" in text or "Bearer " in text:
            text = _TOKENS.sub("***", text)
    if may_be_phone and _DIGITS.search(text):
        text = phones.mask_phones_in(text)
    return text if text.isprintable() else _CONTROL.sub(_escaped, text)


_known = lru_cache(maxsize=1024)(_clean)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


_encode = msgspec.json.Encoder().encode


def _as_json(logger: Any, method: str, entry: Entry) -> str:
    return _encode(entry).decode()


def _readable() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


class _Lines:
    """Writes whole lines at once, for workers share one stderr. Where nobody takes them, the work goes on."""

    def msg(self, line: str) -> None:
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = exception = msg


_LINES = _Lines()


class Forwarding(logging.Handler):
    """What libraries log takes the same way as our own."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # its arguments do not fit
            text = str(record.msg)
        tell = structlog.get_logger()
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        tell.log(min(record.levelno // 10 * 10, logging.CRITICAL), text, action="library", logger=record.name, **more)
