"""How often one may try to sign in: counted by name and by address, whether the name exists or not.

An address of the new kind counts by its network of 64 bits, which is what one household has. The counters are so many
and no more, whatever names and addresses are made up: some share one, which at worst costs somebody a few minutes.
"""

from redis.asyncio import Redis

from notifier.incoming.senders import bucket, network
from notifier.store import keys as names
from notifier.store.work import Script

WINDOW = 15 * 60  # seconds
BY_NAME, BY_ADDRESS = 8, 40
_ATTEMPT = Script("attempt")


class Attempts:
    """Counts tries in Redis, so that all processes count together."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def wait(self, username: str, address: str) -> int:
        """Count one try; returns the seconds to wait before the next, 0 when this one may go on."""
        (by_name, name_wait), (by_address, address_wait) = [
            await _ATTEMPT.run(self._redis, [key], WINDOW) for key in self._keys(username, address)
        ]
        if by_name > BY_NAME:
            return max(1, int(name_wait))
        return max(1, int(address_wait)) if by_address > BY_ADDRESS else 0

    async def forget(self, username: str, address: str) -> None:
        """Somebody proved who they are: their own tries count no more."""
        await self._redis.delete(self._keys(username, address)[0])

    @staticmethod
    def _keys(username: str, address: str) -> tuple[str, str]:
        return names.attempts(f"name:{bucket(username)}"), names.attempts(f"address:{bucket(network(address))}")


class Guesses:
    """How often one account may be wrong at a proof of who it is: a code, or the password it has now."""

    _LIMITS = ((WINDOW, BY_NAME), (24 * 3600, 30))  # seconds, tries

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def wait(self, what: str, staff_id: str) -> int:
        """Count one try; returns the seconds to wait before the next, 0 when this one may go on."""
        waits = []
        for key, (window, limit) in zip(self._keys(what, staff_id), self._LIMITS, strict=True):
            tries, left = await _ATTEMPT.run(self._redis, [key], window)
            waits.append(max(1, int(left)) if tries > limit else 0)
        return max(waits)

    async def forget(self, what: str, staff_id: str) -> None:
        """Forget the failed tries: what was brought now was right."""
        for key in self._keys(what, staff_id):
            await self._redis.delete(key)

    def _keys(self, what: str, staff_id: str) -> list[str]:
        return [names.attempts(f"{what}:{staff_id}:{window}") for window, _ in self._LIMITS]
