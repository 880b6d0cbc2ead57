"""A process tells the others that it is there, so that nobody moves the data under it."""

import os
import secrets
import signal
import socket
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.store import layout

log = structlog.get_logger()

EVERY = 5  # seconds


@dataclass(slots=True)
class Heartbeat:
    """Signs in before anything is read, again and again while the process lives, and out at its end."""

    redis: Redis
    clock: Clock
    partitions: int
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}")

    async def begin(self) -> None:
        """Raises OtherPartitions."""
        await layout.sign_in(self.redis, self.name, self.clock.now())
        await layout.require(self.redis, self.partitions)

    async def renew(self) -> None:
        """Ends the process when the data was moved while nobody could see it: it would look in the wrong places."""
        try:
            if await layout.sign_in(self.redis, self.name, self.clock.now()):
                await layout.require(self.redis, self.partitions)
        except layout.OtherPartitions as error:
            log.error("the data was moved", action="moved_away", reason=str(error))
            signal.raise_signal(signal.SIGTERM)
        except (RedisError, OSError) as error:
            log.warning("store unreachable", action="heartbeat_failed", error=type(error).__name__)

    async def end(self) -> None:
        try:
            await layout.sign_out(self.redis, self.name)
        except (RedisError, OSError) as error:  # it is forgotten soon
            log.warning("store unreachable", action="heartbeat_failed", error=type(error).__name__)
