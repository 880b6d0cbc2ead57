"""What must be on replicas, too, before it counts as written.

Where the server knows WAITAOF (Valkey, Redis 7.2) the replicas have it on their disks; an older one knows only WAIT,
after which they have it in memory.
Source: https://valkey.io/commands/waitaof/.
"""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from notifier.domain.counted import counted
from notifier.errors import NotifierError
from notifier.store.connections import AtHand


class TooFewReplicas(NotifierError, RedisConnectionError):
    """Written by the primary, and not by as many replicas as must have it: a dying primary may take it along."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas must have a write, how long they are waited for in milliseconds, and whether on their disks."""

    count: int = 0
    timeout: int = 1000
    on_disk: bool = False

    @property
    def command(self) -> tuple[str | int, ...]:
        """Sent after the write on the same connection; it answers how many replicas have it."""
        # 0: our own server's disk is the business of its appendfsync.
        return ("WAITAOF", 0, self.count, self.timeout) if self.on_disk else ("WAIT", self.count, self.timeout)

    def require(self, have: object) -> None:
        """Raise TooFewReplicas, or what the command itself was answered with."""
        if isinstance(have, Exception):
            raise have
        if isinstance(have, list):
            have = have[1]  # WAITAOF tells of the primary's own disk first
        if not isinstance(have, int) or have < self.count:
            where, doubt = ("on disk ", " (does each keep an append-only file?)") if self.on_disk else ("", "")
            raise TooFewReplicas(
                f"only {have} of the {counted(self.count, 'replica')} in [redis] replicas had the write {where}within "
                f"{self.timeout} ms{doubt}"
            )


class ReplicatedRedis(Redis):
    """One server, or the primary that Sentinel names."""

    replicas = Replicas()
    at_hand: AtHand | None = None
