"""Connections to the primary that Sentinel names at the moment."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection

from notifier.store.urls import Nodes

QUICKLY = ("socket_timeout", "socket_connect_timeout", "retry", "protocol")


class SentinelPool(BlockingConnectionPool, SentinelConnectionPool):
    """Asks Sentinel for the primary whenever a connection is made. When all are busy a command waits for one."""

    def __init__(self, named: Nodes, *, options: dict[str, Any], limits: dict[str, Any]) -> None:
        about: dict[str, Any] = {name: options[name] for name in QUICKLY} | (named.sentinel_login or {})
        super().__init__(
            connection_class=SentinelManagedConnection,
            service_name=named.service,
            sentinel_manager=Sentinel(named.nodes, sentinel_kwargs=about),  # type: ignore[no-untyped-call]
            db=named.db,
            **(options | limits | named.login),
        )

    async def aclose(self) -> None:
        """Close the connections to the primary and to the sentinels."""
        try:
            await super().aclose()
        finally:
            await self.sentinel_manager.aclose()
