"""How often one may try to sign in: counted by name and by address, whether the name exists or not."""

from hashlib import sha256

from redis.asyncio import Redis

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
        hashed = sha256(username.encode(errors="surrogateescape")).hexdigest()
        return names.attempts(f"name:{hashed}"), names.attempts(f"address:{address}")


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
        """It was right: what went before counts no more."""
        for key in self._keys(what, staff_id):
            await self._redis.delete(key)

    def _keys(self, what: str, staff_id: str) -> list[str]:
        return [names.attempts(f"{what}:{staff_id}:{window}") for window, _ in self._LIMITS]
