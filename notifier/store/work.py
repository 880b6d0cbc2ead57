"""Units of work: what must become true together, as one call of one script."""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from struct import Struct
from typing import Any, Literal, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from notifier.errors import StoreError
from notifier.store.cluster import Cluster
from notifier.store.roundtrip import Command, checked, safely

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
        try:
            return await redis.evalsha(self.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await redis.eval(self.text, len(keys), *keys, *args)

    async def run_safely(self, redis: Redis, keys: Sequence[str], *args: str | bytes | int) -> Any:
        """Run it once, and raise TooFewReplicas when replicas that must have what it wrote have it not."""
        (answer,) = await safely(redis, [("EVALSHA", self.sha, len(keys), *keys, *args)])
        if isinstance(answer, NoScriptError):
            (answer,) = await safely(redis, [("EVAL", self.text, len(keys), *keys, *args)])
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
    """Operations on keys, carried out all at once or not at all. Checks are added before anything is written."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[Value] = []  # of each operation how many they are, its name, its key and what it is given

    @property
    def operations(self) -> list[list[Value]]:
        """Of each operation its name, its key and what it is given."""
        found, at = [], 0
        while at < len(self.parts):
            begin, at = at + 1, at + 1 + cast(int, self.parts[at])
            found.append(self.parts[begin:at])
        return found

    def require_absent(self, key: str) -> None:
        """Stop with ``exists`` and the value when the key is there."""
        self.do("absent", key)

    def require_version(self, key: str, version: int) -> None:
        """Stop with ``conflict`` unless the record at ``key`` is at this version; 0 for none.

        Also when a unit before it, of those committed together, has this key and was not carried out.
        """
        self.do("version", key, version)

    def require_field(self, key: str, field: str, value: str | bytes) -> None:
        """Stop with ``conflict`` unless the field of the hash at ``key`` has this value; "" for no such field."""
        self.do("field", key, field, value if isinstance(value, str) else binary(value))

    def require_length(self, key: str, length: int) -> None:
        """Stop with ``conflict`` unless the list at ``key`` has so many entries; 0 for none."""
        self.do("length", key, length)

    def when(self, key: str, field: str, value: str, then: "UnitOfWork") -> None:
        """Do ``then`` only if a field of the hash at ``key`` has this value; "" for no such field."""
        self.do("when", key, field, value, len(then.parts))
        self.parts += then.parts

    def unless_exists(self, key: str, then: "UnitOfWork") -> None:
        """Do ``then`` only if there is no such key."""
        self.do("unless", key, len(then.parts))
        self.parts += then.parts

    def move(self, member: str, *, source: str, target: str) -> None:
        """Move a member from one sorted set to another with its score."""
        self.do("take", source, member)
        self.do("give", target, member)

    def read(self, key: str) -> None:
        """Have the list at ``key`` in the answer, as it is after the unit."""
        self.do("read", key)

    def do(self, command: str, key: str, *args: Value) -> None:
        """A Redis command whose first argument is the key. Whole numbers are exact up to 2**53, as Lua's are."""
        self.parts += (len(args) + 2, command, key, *args)

    def index(self, key: str, score: int, *members: str) -> None:
        """Put members into a sorted set that many units write into: what those of a group add becomes one command."""
        self.do("index", key, score, *members)

    def count(self, key: str, counts: Mapping[str, int], *, kept: int) -> None:
        """Add to counters of the hash at ``key``, which is then kept for so many seconds."""
        parts: list[Value] = []
        for each in counts.items():
            parts += each
        self.do("count", key, kept, *parts)

    def put(self, key: str, field: str, value: str) -> None:
        """Set a field of a hash that many units write into: what those of a group set becomes one command."""
        self.do("put", key, field, value)

    def then(self, other: "UnitOfWork") -> None:
        """Do all of ``other`` after what is here."""
        self.parts += other.parts


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
    for index, unit in enumerate(units):
        answers[index] = [b"done"]
        if unit.parts:
            together.setdefault(str(unit.parts[2]).partition("}")[0], []).append(index)
    spread = isinstance(redis, Cluster)
    commands = [_command([units[index] for index in indexes], spread=spread) for indexes in together.values()]
    for indexes, found in zip(together.values(), await _evaluate(redis, commands), strict=True):
        for index, answer in zip(indexes, found, strict=True):
            answers[index] = answer
    return [_outcome(answer) for answer in answers]


def _command(units: Sequence[UnitOfWork], *, spread: bool) -> Command:
    """A cluster is named every key: it then refuses what works on keys that are on their way to another node, and would
    else have the script find them absent."""
    keys = dict.fromkeys(str(one[1]) for unit in units for one in unit.operations) if spread else ()
    return ("EVALSHA", _SCRIPT.sha, len(keys), *keys, _encode([unit.parts for unit in units]))


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
