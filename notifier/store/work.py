"""Units of work: what must become true together, as one call of one script."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from struct import Struct
from typing import Any, Literal, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from notifier.errors import StoreError
from notifier.store.cluster import Cluster
from notifier.store.roundtrip import Command, checked, many, safely

Outcome = tuple[Literal["done", "conflict", "exists"], Any]
Value = str | int | msgspec.Raw
"""What an operation is given; bytes that are no text go through ``binary``."""


class Script:
    """A Lua script that is loaded when the server does not know it yet, also after the server was restarted."""

    def __init__(self, name: str) -> None:
        self.text = files("notifier.store").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: Sequence[str], *args: str | bytes | int) -> Any:
        """Run it once."""
        return await self._run(many, redis, keys, args)

    async def run_safely(self, redis: Redis, keys: Sequence[str], *args: str | bytes | int) -> Any:
        """Run it once, and raise TooFewReplicas when replicas that must have what it wrote have it not."""
        return await self._run(safely, redis, keys, args)

    async def _run(
        self,
        trip: Callable[[Redis, Sequence[Command]], Awaitable[list[Any]]],
        redis: Redis,
        keys: Sequence[str],
        args: Sequence[str | bytes | int],
    ) -> Any:
        (answer,) = await trip(redis, [("EVALSHA", self.sha, len(keys), *keys, *args)])
        if isinstance(answer, NoScriptError):
            (answer,) = await trip(redis, [("EVAL", self.text, len(keys), *keys, *args)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run_many(self, redis: Redis, calls: Sequence[tuple[Sequence[str], Sequence[str | int]]]) -> list[Any]:
        """Run it for each pair of keys and arguments, in one round trip, once replicas have what they must."""
        commands: list[Command] = [("EVALSHA", self.sha, len(keys), *keys, *args) for keys, args in calls]
        answers = await safely(redis, commands)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            await redis.script_load(self.text)
            for index, answer in enumerate(answers):
                if isinstance(answer, NoScriptError):
                    (answers[index],) = await safely(redis, [commands[index]])
        return checked(answers)


class UnitOfWork:
    """Operations on keys, carried out all at once or not at all. Checks are added before anything is written.

    Keys that are not likely to be there are asked for by one command, and what is indexed and counted is one operation
    each where nothing else is done with its key in between: every command and every operation costs by itself.
    """

    __slots__ = ("_counted", "_indexed", "_parts", "absent", "new", "unlikely")

    def __init__(self) -> None:
        self.absent: tuple[str, ...] = ()  # keys that must not be there
        self.new: tuple[str, ...] = ()  # records that must be at version 0
        self.unlikely: tuple[str, ...] = ()  # keys that something depends on
        self._parts: list[Value] = []
        self._indexed: dict[str, list[Value]] = {}  # key → of each member the key, the score and the member
        self._counted: dict[str, list[Value]] = {}  # key → for how long it is kept, and fields with their numbers

    @property
    def parts(self) -> list[Value]:
        """Of each operation how many parts it has, its name, its key and what it is given."""
        if self._indexed:
            entries = [part for of_key in self._indexed.values() for part in of_key]
            self._parts += (len(entries) + 1, "index", *entries)
            self._indexed = {}
        if self._counted:
            for key, counts in self._counted.items():
                self._parts += (len(counts) + 2, "count", key, *counts)
            self._counted = {}
        return self._parts

    @property
    def operations(self) -> list[list[Value]]:
        """Of each operation its name, its key and what it is given; of keys that are not likely to be there, each."""
        found: list[list[Value]] = [["none", key] for key in (*self.absent, *self.new, *self.unlikely)]
        parts, at = self.parts, 0
        while at < len(parts):
            begin, at = at + 1, at + 1 + cast(int, parts[at])
            if parts[begin] == "index":
                found += (["index", *parts[place : place + 3]] for place in range(begin + 1, at, 3))
            else:
                found.append(parts[begin:at])
        return found

    def require_absent(self, key: str) -> None:
        """Stop with ``exists`` and the value when the key is there."""
        self.absent += (key,)

    def require_version(self, key: str, version: int) -> None:
        """Stop with ``conflict`` unless the record at ``key`` is at this version; 0 for none.

        Also when a unit before it, of those committed together, has this key and was not carried out.
        """
        if version:
            self.do("version", key, version)
        else:
            self.new += (key,)

    def require_field(self, key: str, field: str, value: str | bytes) -> None:
        """Stop with ``conflict`` unless the field of the hash at ``key`` has this value; "" for no such field."""
        self.do("field", key, field, value if isinstance(value, str) else binary(value))

    def require_length(self, key: str, length: int) -> None:
        """Stop with ``conflict`` unless the list at ``key`` has so many entries; 0 for none."""
        self.do("length", key, length)

    def when(self, key: str, field: str, value: str, then: "UnitOfWork") -> None:
        """Do ``then`` only if a field of the hash at ``key`` has this value; "" for no such field."""
        self._do_if(then, "when", key, field, value)

    def unless_exists(self, key: str, then: "UnitOfWork", *, unlikely: bool = False) -> None:
        """Do ``then`` only if there is no such key; ``unlikely``: it hardly ever is, and nothing before writes it."""
        if unlikely:
            self.unlikely += (key,)
        self._do_if(then, "unlikely" if unlikely else "unless", key)

    def move(self, member: str, *, source: str, target: str) -> None:
        """Move a member from one sorted set to another with its score."""
        self.do("take", source, member)
        self.do("give", target, member)

    def read(self, key: str, *, unlikely: bool = False) -> None:
        """Have the list at ``key`` in the answer, as it is after the unit, or None for none; ``unlikely``: it hardly
        ever is there, and nothing before writes it."""
        if unlikely:
            self.unlikely += (key,)
        self.do("seldom" if unlikely else "read", key)

    def do(self, command: str, key: str, *args: Value) -> None:
        """A Redis command whose first argument is the key. Whole numbers are exact up to 2**53, as Lua's are."""
        parts = self.parts if key in self._indexed or key in self._counted else self._parts
        parts += (len(args) + 2, command, key, *args)

    def index(self, key: str, score: int, *members: str) -> None:
        """Put members into a sorted set that many units write into: what those of a group add becomes one command."""
        entries = self._indexed.setdefault(key, [])
        for member in members:
            entries += (key, score, member)

    def count(self, key: str, counts: Mapping[str, int], *, kept: int) -> None:
        """Add to counters of the hash at ``key``, which is then kept for so many seconds."""
        counted = self._counted.setdefault(key, [kept])
        counted[0] = kept
        for each in counts.items():
            counted += each

    def put(self, key: str, field: str, value: str) -> None:
        """Set a field of a hash that many units write into: what those of a group set becomes one command."""
        self.do("put", key, field, value)

    def then(self, other: "UnitOfWork") -> None:
        """Do all of ``other`` after what is here."""
        self.absent += other.absent
        self.new += other.new
        self.unlikely += other.unlikely
        parts = self.parts
        parts += other.parts

    def _do_if(self, then: "UnitOfWork", command: str, key: str, *args: Value) -> None:
        """An operation that says how many parts are skipped where something is not so; these come right behind it."""
        self._parts = self.parts  # nothing gathered so far may come in between
        self.do(command, key, *args, len(then.parts))
        self.then(then)

    def packed(self) -> list[Value]:
        """The parts of all operations, as the script takes them."""
        keys, parts = (*self.absent, *self.new, *self.unlikely), self.parts
        return [len(keys) + 3, "none", *keys, len(self.absent), len(self.new), *parts] if keys else parts


def binary(raw: bytes) -> msgspec.Raw:
    """Bytes as an operation takes them: the MessagePack of Redis knows text only."""
    return msgspec.Raw(_text_of_length(0xDB, len(raw)) + raw)


_SCRIPT = Script("units_of_work")
_encode = msgspec.msgpack.Encoder().encode
_text_of_length = Struct(">BI").pack  # the head of a MessagePack text


async def commit(redis: Redis, units: Sequence[UnitOfWork]) -> list[Outcome]:
    """Carry out several units, each for itself, in order: one command a partition, in one round trip.

    Raises ResponseError when Redis refused an operation of one of them, TooFewReplicas when they are written but not by
    as many as must have them.
    """
    answers: list[Any] = [None] * len(units)
    together: dict[str, list[int]] = {}
    packed = [unit.packed() for unit in units]
    for index, parts in enumerate(packed):
        answers[index] = [b"done"]
        if parts:
            together.setdefault(str(parts[2]).partition("}")[0], []).append(index)
    spread = isinstance(redis, Cluster)
    commands = [
        _command([packed[index] for index in indexes], [units[index] for index in indexes] if spread else ())
        for indexes in together.values()
    ]
    for indexes, found in zip(together.values(), await _evaluate(redis, commands), strict=True):
        for index, answer in zip(indexes, found, strict=True):
            answers[index] = answer
    return [_outcome(answer) for answer in answers]


def _command(packed: Sequence[list[Value]], spread: Sequence[UnitOfWork]) -> Command:
    """A cluster is named every key of its units: it then refuses what works on keys that are on their way to another
    node, and would else have the script find them absent."""
    keys = dict.fromkeys(str(one[1]) for unit in spread for one in unit.operations)
    parts: list[Value] = []
    for one in packed:
        parts.append(len(one))
        parts += one
    return ("EVALSHA", _SCRIPT.sha, len(keys), *keys, _encode(parts))


async def _evaluate(redis: Redis, commands: Sequence[Command]) -> list[Any]:
    answers = await safely(redis, commands)
    if any(isinstance(answer, NoScriptError) for answer in answers):
        await redis.script_load(_SCRIPT.text)
        for index, answer in enumerate(answers):
            if isinstance(answer, NoScriptError):
                (answers[index],) = await safely(redis, [commands[index]])
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def _outcome(answer: Any) -> Outcome:
    name: Any = answer[0].decode()
    value: Any = answer[1] if len(answer) > 1 else None
    if name == "failed":
        raise ResponseError(value.decode())
    if name in ("done", "conflict", "exists"):
        return name, value
    raise StoreError(f"the script for units of work answered {name!r}")
