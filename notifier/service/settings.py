"""The configuration file read again, when the console of any process wrote it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from redis.asyncio import Redis

from notifier.config import Config
from notifier.diagnostics import offline
from notifier.diagnostics.offline import FindingLevel
from notifier.errors import ConfigError, TemplateError
from notifier.service.reload import Changes
from notifier.store import keys as names

log = structlog.get_logger()


class SettingsKeeper:
    """Has one process go on by the file as it is. ``reread`` raises ConfigError where that cannot be used."""

    def __init__(self, redis: Redis, reread: Callable[[], Config], take_up: Callable[[Config], Changes]) -> None:
        self._redis, self._reread, self._take_up = redis, reread, take_up
        self._seen: bytes | str | None = None

    async def begin(self) -> None:
        """What was written before this process started, it has read."""
        self._seen = await self._redis.get(names.SETTINGS)

    async def tick(self) -> None:
        """Read the file when somebody wrote it."""
        written = await self._redis.get(names.SETTINGS)
        if written != self._seen:
            self._seen = written
            await self.read()

    async def read(self) -> bool:
        """Go on by what the file says now; whether it could be used."""
        try:
            changes = self._take_up(await asyncio.to_thread(self._reread))
        except (ConfigError, TemplateError) as error:
            log.error("configuration refused, the old one goes on", action="config_refused", errors=str(error))
            return False
        log.info("configuration read again", action="config_read", taken_up=changes.taken_up)
        return True


def mistakes(file: Path) -> list[str]:
    """What `notifier check` calls an error in a configuration file."""
    return [found.text for found in offline.configuration(file) if found.level is FindingLevel.ERROR]
