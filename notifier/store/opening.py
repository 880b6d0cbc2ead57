"""The store, opened as its settings say and closed again."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from redis.asyncio import Redis

from notifier.store import layout, schema
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.replicas import Replicas


class Settings(Protocol):
    """Where it is, and how sure a write has to be; what ``[redis]`` says."""

    @property
    def url(self) -> str: ...
    @property
    def is_embedded(self) -> bool: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def durability(self) -> Literal["fsync", "everysec"]: ...
    @property
    def server(self) -> str: ...
    @property
    def timeout(self) -> timedelta: ...
    @property
    def replicas(self) -> int: ...
    @property
    def replicas_timeout(self) -> timedelta: ...
    @property
    def partitions(self) -> int: ...


class Store:
    """Redis, embedded or not, opened and closed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.embedded: EmbeddedRedis | None = None

    async def open(self) -> Redis:
        """A connection to data as this configuration describes it.

        Raises EmbeddedRedisError, CannotConnect, UnsupportedUrl, StoreTooNew or OtherPartitions, each with a sentence.
        """
        await self.connect()
        await layout.require(self.redis, self._settings.partitions)
        return self.redis

    async def connect(self) -> Redis:
        """A connection, in however many partitions the data may lie."""
        settings, path = self._settings, None
        if settings.is_embedded:
            self.embedded = EmbeddedRedis(settings.data_dir, durability=settings.durability, program=settings.server)
            try:
                path = await asyncio.to_thread(self.embedded.start)
            except asyncio.CancelledError:
                self.embedded.give_up()
                raise
        self.redis = await connect(
            settings.url,
            socket_path=path,
            timeout=settings.timeout.total_seconds(),
            replicas=Replicas(settings.replicas, settings.replicas_timeout // timedelta(milliseconds=1)),
        )
        await schema.bring_up(self.redis)
        return self.redis

    async def close(self) -> None:
        if hasattr(self, "redis"):
            await self.redis.aclose()
        if self.embedded:
            await asyncio.to_thread(self.embedded.stop)

    async def keep_up(self) -> None:
        """Start the embedded server again if it died under us."""
        if self.embedded:
            await asyncio.to_thread(self.embedded.ensure)
