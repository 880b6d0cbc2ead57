"""Since when the figures of the owner's page are counted: days before are unknown, and not 0."""

from redis.asyncio import Redis

from notifier.store import keys as names


async def begin(redis: Redis, now: int) -> None:
    """Write down that counting goes on from ``now`` (unix ms), unless it began before."""
    await redis.set(names.COUNTED_SINCE, now, nx=True)
