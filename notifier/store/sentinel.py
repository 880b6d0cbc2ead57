"""Connections to the primary that Sentinel names at the moment."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from notifier.store.urls import Nodes

QUICKLY = ("socket_timeout", "socket_connect_timeout", "retry", "protocol")


class _AskedSentinels(Sentinel):
    """Says in words what each sentinel answered when none names a primary, and does not wait out a wrong password."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """The address of the primary. Raises MasterNotFoundError with a sentence."""
        answers: list[str] = []
        for place, sentinel in enumerate(self.sentinels):
            where = sentinel.connection_pool.connection_kwargs
            address = f"{where.get('host')}:{where.get('port')}"
            try:
                monitored: Any = await sentinel.sentinel_masters()
            except (AuthenticationError, NoPermissionError) as error:
                raise type(error)(f"the sentinel at {address} refuses us: {error}") from error
            except (RedisError, OSError) as error:
                # redis-py says the address itself where it could not connect at all.
                said = str(error).rstrip(".") or type(error).__name__
                answers.append(said if address in said else f"{address}: {said}")
                continue
            state = monitored.get(service_name)
            if state is None:
                answers.append(f"{address} knows no such service")
            elif not self.check_master_state(state, service_name):
                answers.append(f"{address} holds the primary {state['ip']}:{state['port']} for down")
            else:
                self.sentinels[0], self.sentinels[place] = sentinel, self.sentinels[0]
                return state["ip"], state["port"]
        raise MasterNotFoundError(f"no sentinel names a primary for {service_name!r} ({'; '.join(answers)})")


class SentinelPool(BlockingConnectionPool, SentinelConnectionPool):
    """Asks Sentinel for the primary whenever a connection is made. When all are busy a command waits for one."""

    def __init__(self, named: Nodes, *, options: dict[str, Any], limits: dict[str, Any]) -> None:
        about: dict[str, Any] = {name: options[name] for name in QUICKLY} | named.tls
        about |= named.sentinel_login or {}
        tls = {name: value for name, value in named.tls.items() if name != "ssl"}
        super().__init__(
            connection_class=SentinelManagedSSLConnection if "ssl" in named.tls else SentinelManagedConnection,
            service_name=named.service,
            sentinel_manager=_AskedSentinels(named.nodes, sentinel_kwargs=about),  # type: ignore[no-untyped-call]
            db=named.db,
            **(options | limits | named.login | tls),
        )

    async def aclose(self) -> None:
        """Close the connections to the primary and to the sentinels."""
        try:
            await super().aclose()
        finally:
            await self.sentinel_manager.aclose()
