"""Many commands in one round trip, packed by hiredis: the client library packs in Python, at five times the cost."""

from collections.abc import Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import ResponseError

Command = tuple[str | bytes | int | float, ...]


async def many(redis: Redis, commands: Sequence[Command]) -> list[Any]:
    """The answers in order; a command that Redis refuses is answered by its error. Nothing is repeated."""
    connection = await redis.connection_pool.get_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.send_packed_command([pack_command(command) for command in commands])  # type: ignore[arg-type]
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(await connection.read_response())
            except ResponseError as error:
                answers.append(error)
        return answers
    except BaseException:
        # Answers may still be on their way: nobody else may read them as theirs.
        await connection.disconnect(nowait=True)
        raise
    finally:
        await redis.connection_pool.release(connection)
