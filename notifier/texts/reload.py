"""Changed template files, taken up without a restart: all of them or none."""

import asyncio
from collections.abc import Callable, Mapping

import structlog
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config
from notifier.domain import persian
from notifier.errors import ConfigError, TemplateError
from notifier.sms.templates import Template, Templates, files
from notifier.store.publishing import Alert
from notifier.texts import loading, versions

log = structlog.get_logger()

Signature = tuple[tuple[str, int, int], ...]


class Reloader:
    """Looks at the files of one process. What they say is used when they have not changed between two looks."""

    def __init__(
        self,
        config: Config,
        templates: Templates,
        redis: Redis,
        clock: Clock,
        alert: Alert,
        require: Callable[[Config, Mapping[str, Template]], None],
    ) -> None:
        """``require`` raises ConfigError where texts do not fit the configuration."""
        self._config, self._templates, self._redis, self._clock, self._alert = config, templates, redis, clock, alert
        self._require = require
        self._judged: Signature | None = None
        self._seen: Signature | None = None

    async def begin(self) -> None:
        """Say which versions are in use."""
        await versions.record(self._redis, self._templates, self._clock.now())

    def use(self, config: Config) -> None:
        """Judge texts by a changed configuration from now on."""
        self._config, self._judged = config, None

    async def take_up(self) -> None:
        """Take up what changed without waiting for a second look: whoever wrote it has written all of it."""
        self._seen, self._judged = await asyncio.to_thread(self._signature), None
        await self.tick()

    async def tick(self) -> None:
        """Take up what changed, or refuse it, keep what was, and tell the supervisors."""
        now = await asyncio.to_thread(self._signature)
        # An editor may be at work: half a file, or the first of two that belong together, must not be used.
        if now == self._judged or now != self._seen:
            self._seen = now
            return
        try:
            loaded = await asyncio.to_thread(self._load)
        except (TemplateError, ConfigError) as error:
            self._judged = now
            log.error("templates refused", action="templates_refused", error=str(error))
            await self._alert("templates", self._refusal(str(error)))
            return
        if await asyncio.to_thread(self._signature) != now:
            return
        self._judged = now
        changed = [name for name, one in loaded.items() if _version(self._templates, name) != one.version]
        self._templates.replace(loaded)
        await self.begin()
        if changed:
            log.info("templates changed", action="templates_changed", templates=changed)

    def _refusal(self, error: str) -> str:
        """The refusal as it fits into an SMS: the first mistake in short, and how many more there are."""
        first, *others = error.splitlines()
        short = first.removeprefix(f"{self._config.templates_folder}/").partition(" known are")[0]
        more = f" (و {persian.digits(len(others))} ایراد دیگر)" if others else ""
        return f"متن‌های تازه پذیرفته نشد و متن‌های پیشین به کار می‌روند.\n{short}{more}"

    def _load(self) -> dict[str, Template]:
        loaded = loading.load(self._config)
        self._require(self._config, loaded)
        return loaded

    def _signature(self) -> Signature:
        found = []
        for path in files(self._config.templates_folder):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def _version(templates: Mapping[str, Template], name: str) -> str | None:
    template = templates.get(name)
    return template.version if template else None
