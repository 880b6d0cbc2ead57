"""Connections that are kept at hand for round trips, and the answers on them.

To have one from the client library's pool and to give it back costs more than the round trip itself, and so does the
library's timer for each send and each answer.
"""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError


class AtHand:
    """Connections of a client's pool, taken out of it one by one; up to `most` of them stay out.

    Those have no timeout of their own: whoever takes one waits no longer than `patience`, in seconds.
    """

    def __init__(self, redis: Redis, *, most: int) -> None:
        self._pool: Any = redis.connection_pool
        self._most = most
        self._kept: list[Any] = []
        self.patience: float | None = self._pool.connection_kwargs.get("socket_timeout")

    async def take(self) -> Any:
        """A connection that is open, as far as can be known."""
        while self._kept:
            connection = self._kept.pop()
            if await _is_well(connection):
                return connection
            await self._give_back(connection)
        connection = await self._pool.get_connection()
        connection.socket_timeout = None
        return connection

    async def put_back(self, connection: Any) -> None:
        """One that was taken; it may be closed by now."""
        if connection.is_connected and len(self._kept) < self._most:
            self._kept.append(connection)
        else:
            await self._give_back(connection)

    async def _give_back(self, connection: Any) -> None:
        connection.socket_timeout = self.patience
        await self._pool.release(connection)


async def _is_well(connection: Any) -> bool:
    """Whether it is open, and nothing is to be read that was meant for somebody else."""
    try:
        if connection.is_connected and not await connection.can_read():
            return True
    except (RedisError, OSError):
        pass
    await connection.disconnect(nowait=True)
    return False


async def answers(connection: Any, count: int) -> list[Any]:
    """The next answers on a connection; a command that Redis refuses is answered by its error."""
    found: list[Any] = []
    for _ in range(count):
        try:
            found.append(await connection.read_response())
        except ResponseError as error:
            found.append(error)
    return found
