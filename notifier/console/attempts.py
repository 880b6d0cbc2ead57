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
