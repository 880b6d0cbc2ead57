"""How often one may send forms, and guess at tokens.

Forms are counted in the store, so that all processes count together, under so many keys and no more, whatever addresses
are made up. Views are not: to count one in the store would be a write for each, of whoever likes to press a key.
"""

from collections import OrderedDict

from redis.asyncio import Redis

from notifier.incoming.senders import bucket, network
from notifier.store import keys as names
from notifier.store.work import Script

WINDOW = 15 * 60  # seconds
BY_PAGE, BY_ADDRESS = 20, 200
"""Forms within a window. Behind one address of a mobile network there are many customers."""

MISSES = 100
"""Tokens that lead nowhere, of one address within a minute; beyond, it is told to wait."""

_MINUTE = 60
_REMEMBERED = 10_000  # addresses
_COUNT = Script("attempt")


class FormPace:
    """Counts forms, by page and by address."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def wait(self, page: str, address: str) -> int:
        """Count one form; returns the seconds to wait before the next, 0 when this one may go on."""
        limits = ((f"page:{bucket(page)}", BY_PAGE), (f"page-address:{bucket(network(address))}", BY_ADDRESS))
        waits = []
        for name, most in limits:
            tries, left = await _COUNT.run(self._redis, [names.attempts(name)], WINDOW)
            waits.append(max(1, int(left)) if tries > most else 0)
        return max(waits)


class GuessPace:
    """Counts the tokens that lead nowhere, by address, in this process; the addresses that were quiet longest go."""

    def __init__(self) -> None:
        self._missed: OrderedDict[str, tuple[int, int]] = OrderedDict()  # address → minute, misses in it

    def wait(self, address: str, now: float) -> int:
        """Count one; returns the seconds to wait, 0 when it may be answered as any other."""
        minute, who = int(now // _MINUTE), network(address)
        before, count = self._missed.pop(who, (minute, 0))
        count = count + 1 if before == minute else 1
        self._missed[who] = minute, count
        if len(self._missed) > _REMEMBERED:
            self._missed.popitem(last=False)
        return max(1, int((minute + 1) * _MINUTE - now)) if count > MISSES else 0
