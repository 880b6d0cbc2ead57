"""The promises of ``[policy]`` changed one by one, in the very file: its comments and all else in it stay."""

import asyncio
import copy
import hashlib
import json
import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import tomlkit
from redis.asyncio import Redis

from notifier import durations
from notifier.clock import Clock
from notifier.config import Config
from notifier.domain.policy import Block, CallRule, EventRule, TextRule, When
from notifier.errors import NotifierError
from notifier.store import keys as names
from notifier.store import replacing, work
from notifier.store.audit import Act, AuditEntry
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

SETTINGS, CALLS, REVIVED = "settings", "calls", "revived"
"""The cells of a block that are no event's rule."""

_SETTINGS = ("priority", "needs_payment")
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)), ("s", timedelta(seconds=1)))


class SettingsRefused(NotifierError):
    """The file would not be a sound configuration; ``findings`` are what `notifier check` says, one each."""

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = list(findings)


class OutdatedPromise(NotifierError):
    """The promise was changed by somebody else since it was opened."""


class OddFile(NotifierError):
    """The file is written in a way in which this cannot be changed without changing something else."""


class FileNotWritten(NotifierError):
    """The file could not be replaced; the text is the system's own word for why."""


@dataclass(frozen=True, slots=True)
class PromiseCell:
    """Which promise: the keys of its block, and an event or one of the other cells."""

    block: tuple[str, ...]
    key: str


class PromiseEditor:
    """Changes cells of one process's configuration file. ``check`` gives what is wrong with such a file."""

    def __init__(
        self,
        config: Callable[[], Config],
        redis: Redis,
        clock: Clock,
        *,
        check: Callable[[Path], list[str]],
        take_up: Callable[[], Awaitable[bool]],
    ) -> None:
        self._config, self._redis, self._clock, self._check, self._take_up = config, redis, clock, check, take_up
        self._turn = asyncio.Lock()

    @property
    def file(self) -> Path:
        return self._config().file

    def is_read_only(self) -> bool:
        return not replacing.is_writable(self.file)

    def blocks(self) -> dict[tuple[str, ...], Block]:
        """The promises in force."""
        return dict(self._config().policy.blocks())

    def fingerprint(self, cell: PromiseCell) -> str:
        """Of what the file says in a cell now. Raises OddFile where it cannot be read."""
        return _fingerprint(_read(_parsed(self._text()), cell))

    async def save(self, cell: PromiseCell, value: Any, *, base: str, by: str) -> bool:
        """Write a cell, and go on by it; whether that is in force now. None: as if it had never been written.

        ``base`` is the fingerprint of what it is written over. Raises SettingsRefused, OutdatedPromise, OddFile and
        FileNotWritten: then nothing has changed.
        """
        file = self.file
        async with self._turn, replacing.alone_in(file.resolve().parent):
            text = await asyncio.to_thread(self._text)
            before = _parsed(text)
            if _fingerprint(_read(before, cell)) != base:
                raise OutdatedPromise("the promise was changed meanwhile")
            changed = await asyncio.to_thread(_changed, text, before, cell, value)
            try:
                with replacing.beside(file, changed) as new:
                    if wrong := await asyncio.to_thread(self._check, new):
                        raise SettingsRefused([line.replace(str(new), file.name) for line in wrong])
                    await self._write_down(cell, _read(before, cell), value, changed, by)
                    replacing.put_in_place(new, file)
            except OSError as error:
                raise FileNotWritten(error.strerror or type(error).__name__) from None
        in_force = await self._take_up()
        # Now, when the file is there: the other processes read theirs once they see this.
        await self._redis.set(names.SETTINGS, hashlib.sha256(changed).hexdigest())
        return in_force

    async def _write_down(self, cell: PromiseCell, before: Any, after: Any, content: bytes, by: str) -> None:
        unit = UnitOfWork()
        more = f"{_short(before)} → {_short(after)}"[:500]
        about = f"{'.'.join(cell.block)} {cell.key}"
        AuditEntry(at=ms(self._clock.now()), act=Act.PROMISES_CHANGED, by=by, about=about, more=more).keep(unit)
        await work.commit(self._redis, [unit])

    def _text(self) -> str:
        """The file with its own line ends and its mark, if it has one."""
        try:
            return self.file.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise OddFile(str(error)) from None


def rule_value(rule: EventRule) -> dict[str, Any] | None:
    """A rule as it is written; None for one that says nothing."""
    found = {
        "sms": texts_value(rule.sms),
        "calls": calls_value(rule.calls),
        "cancel": sorted(rule.cancel),
    }
    return {key: value for key, value in found.items() if value} or None


def texts_value(rules: Sequence[TextRule]) -> list[Any]:
    """Texts as they are written: by their name alone where there is no more to say."""
    said = [{"template": one.template, **_terms(one.after, one.when)} for one in rules]
    return [one["template"] if len(one) == 1 else one for one in said]


def calls_value(rules: Sequence[CallRule]) -> list[Any]:
    return [{"purpose": str(one.purpose), **_terms(one.after, one.when)} for one in rules]


def written(length: timedelta) -> str:
    """A length of time as it stands in the file: «90m», «20h»."""
    unit, size = next((unit, size) for unit, size in _UNITS if not length % size)
    return f"{length // size}{unit}"


def _terms(after: timedelta, when: When) -> dict[str, str]:
    return ({"after": written(after)} if after else {}) | ({"when": str(when)} if when is not When.ALWAYS else {})


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OddFile(str(error)) from None


def _read(data: Mapping[str, Any], cell: PromiseCell) -> Any:
    """What the file says in a cell; None where it says nothing."""
    found: Any = data.get("policy", {})
    for key in cell.block:
        found = found.get(key, {})
    if cell.key == SETTINGS:
        return {key: found[key] for key in _SETTINGS if key in found} or None
    return found.get(cell.key)


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _changed(text: str, before: dict[str, Any], cell: PromiseCell, value: Any) -> bytes:
    """The file with another value in one cell. Raises OddFile where that is not the only thing that would change."""
    wanted = copy.deepcopy(before)
    try:
        document = tomlkit.parse(text)
        for whole in (document, wanted):
            place: Any = whole.setdefault("policy", {})
            for key in cell.block:
                place = place.setdefault(key, {})
            _put(place, cell.key, value, toml=whole is document)
        changed = tomlkit.dumps(document)
        found = tomllib.loads(changed)
    except (tomllib.TOMLDecodeError, tomlkit.exceptions.TOMLKitError, TypeError, KeyError, AttributeError) as error:
        raise OddFile(str(error)) from None
    if found != wanted:
        raise OddFile("more than one value would change")
    return changed.encode()


def _put(place: Any, key: str, value: Any, *, toml: bool) -> None:
    values = {name: (value or {}).get(name) for name in _SETTINGS} if key == SETTINGS else {key: value}
    for name, one in values.items():
        if one is None:
            place.pop(name, None)
        else:
            place[name] = tomlkit.value(_toml(one)) if toml else one


def _toml(value: Any) -> str:
    """On one line, as the file that ships is written."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(one)}' for key, one in value.items())} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    return "–" if value is None else _toml(value)


def parse_after(count: str, unit: str) -> timedelta:
    """A wait as somebody entered it. Raises ValueError."""
    if not count:
        return timedelta()
    if unit not in dict(_UNITS) or not count.isascii() or not count.isdecimal() or len(count) > 5:
        raise ValueError("no length of time")
    return durations.parse(f"{count}{unit}")
