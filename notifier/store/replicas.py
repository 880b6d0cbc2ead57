"""What must be on replicas, too, before it counts as written."""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError


class TooFewReplicas(RedisConnectionError):
    """Written by the primary, and not by as many replicas as must have it: a dying primary may take it along."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas must have a write, and how long they are waited for in milliseconds."""

    count: int = 0
    timeout: int = 1000

    @property
    def command(self) -> tuple[str, int, int]:
        """Sent after the write on the same connection; it answers how many replicas have it."""
        return "WAIT", self.count, self.timeout

    def require(self, have: object) -> None:
        """Raise TooFewReplicas, or what WAIT itself was answered with."""
        if isinstance(have, Exception):
            raise have
        if not isinstance(have, int) or have < self.count:
            raise TooFewReplicas(
                f"only {have} of the {self.count} replicas in [redis] replicas had the write within {self.timeout} ms"
            )


class Server(Redis):
    """One server, or the primary that Sentinel names."""

    replicas = Replicas()
