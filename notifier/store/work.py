"""Units of work: what must become true together, as one call of one script."""

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from notifier.errors import StoreError
from notifier.store.roundtrip import many

Outcome = tuple[Literal["done", "conflict", "exists"], Any]


class Script:
    """A Lua script that is loaded when the server does not know it yet, also after the server was restarted."""

    def __init__(self, name: str) -> None:
        self.text = files("notifier.store").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: Sequence[str], *args: str | bytes | int) -> Any:
        """Run it once."""
        try:
            return await redis.evalsha(self.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await redis.eval(self.text, len(keys), *keys, *args)


class UnitOfWork:
    """Operations on keys, carried out all at once or not at all. Checks are added before anything is written."""

    __slots__ = ("_keys", "_operations")

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._operations: list[str | bytes | int] = []

    def require_absent(self, key: str) -> None:
        """Stop with ``exists`` and the value when the key is there."""
        self._add(key, "absent")

    def require_version(self, key: str, version: int) -> None:
        """Stop with ``conflict`` unless the record at ``key`` is at this version; 0 for none."""
        self._add(key, "version", version)

    def require_field(self, key: str, field: str, value: str | bytes) -> None:
        """Stop with ``conflict`` unless the field of the hash at ``key`` has this value; "" for no such field."""
        self._add(key, "field", field, value)

    def when(self, key: str, field: str, value: str, then: "UnitOfWork") -> None:
        """Do ``then`` only if a field of the hash at ``key`` has this value."""
        self._add(key, "when", field, value, len(then._keys))
        self._extend(then)

    def unless_exists(self, key: str, then: "UnitOfWork") -> None:
        """Do ``then`` only if there is no such key."""
        self._add(key, "unless", len(then._keys))
        self._extend(then)

    def move(self, member: str, *, source: str, target: str) -> None:
        """Move a member from one sorted set to another with its score."""
        self._add(source, "take", member)
        self._add(target, "give", member)

    def read(self, key: str) -> None:
        """Have the list at ``key`` in the answer, as it is after the unit."""
        self._add(key, "read")

    def do(self, command: str, key: str, *args: str | bytes | int) -> None:
        """A Redis command whose first argument is the key."""
        self._add(key, command, *args)

    def _add(self, key: str, *operation: str | bytes | int) -> None:
        self._keys.append(key)
        self._operations += (len(operation), *operation)

    def _extend(self, other: "UnitOfWork") -> None:
        self._keys += other._keys
        self._operations += other._operations

    def arguments(self) -> list[str | bytes | int]:
        """What the script gets: how many keys, the keys, the operations."""
        return [len(self._keys), *self._keys, *self._operations]


_SCRIPT = Script("unit_of_work")


async def commit(redis: Redis, units: Sequence[UnitOfWork]) -> list[Outcome]:
    """Carry out several units in one round trip, each for itself, in order."""
    answers = await _evaluate(redis, units)
    if any(isinstance(answer, NoScriptError) for answer in answers):
        await redis.script_load(_SCRIPT.text)
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        for index, answer in zip(unknown, await _evaluate(redis, [units[index] for index in unknown]), strict=True):
            answers[index] = answer
    return [_outcome(answer) for answer in answers]


async def _evaluate(redis: Redis, units: Sequence[UnitOfWork]) -> list[Any]:
    return await many(redis, [("EVALSHA", _SCRIPT.sha, *unit.arguments()) for unit in units])


def _outcome(answer: Any) -> Outcome:
    if isinstance(answer, Exception):
        raise answer
    name = answer[0].decode()
    if name not in ("done", "conflict", "exists"):
        raise StoreError(f"the unit-of-work script answered {name!r}")
    return name, answer[1] if len(answer) > 1 else None
