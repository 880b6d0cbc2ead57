"""Many commands in one round trip, packed by hiredis: the client library packs in Python, at five times the cost."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from notifier.store import connections
from notifier.store.cluster import Cluster
from notifier.store.cluster import Command as Command
from notifier.store.connections import AtHand
from notifier.store.replicas import Replicas

_EACH = 0.01  # seconds that each command of a round trip may take in addition


async def many(redis: Redis, commands: Sequence[Command]) -> list[Any]:
    """The answers in order; a command that Redis refuses is answered by its error. Nothing is repeated."""
    if isinstance(redis, Cluster):
        return await redis.many(commands)
    return await _one_connection(redis, commands)


async def safely(redis: Redis, commands: Sequence[Command]) -> list[Any]:
    """The answers in order, once replicas have what was written; raises TooFewReplicas when they have not in time."""
    if isinstance(redis, Cluster):
        return await redis.many(commands, safely=True)
    replicas = getattr(redis, "replicas", Replicas())
    if not replicas.count:
        return await _one_connection(redis, commands)
    *answers, have = await _one_connection(redis, [*commands, replicas.command])
    replicas.require(have)
    return answers


async def _one_connection(redis: Redis, commands: Sequence[Command]) -> list[Any]:
    at_hand = getattr(redis, "at_hand", None) or AtHand(redis, most=0)
    connection = await at_hand.take()
    try:
        async with asyncio.timeout(at_hand.patience and at_hand.patience + len(commands) * _EACH):
            await connection.send_packed_command([pack_command(command) for command in commands])  # type: ignore[arg-type]
            return await connections.answers(connection, len(commands))
    except BaseException as error:
        # Answers may still be on their way: nobody else may read them as theirs.
        await connection.disconnect(nowait=True)
        if isinstance(error, TimeoutError):
            raise RedisTimeoutError("the store has not answered in time") from error
        raise
    finally:
        await at_hand.put_back(connection)


def checked(answers: list[Any]) -> list[Any]:
    """Answers none of which is an error. Raises the first that is."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
