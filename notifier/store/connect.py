"""Connections to Redis: to the embedded one's socket or to an outside server, and what is weak about the latter."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

URL_FORMS = "redis://[user:password@]host[:port][/db], rediss://… (the same over TLS) or unix:///path/to/redis.sock"
# All else, from decode_responses to timeouts, is the service's own choice.
TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
URL_OPTIONS = {"redis": {"db"}, "unix": {"db"}, "rediss": {"db"} | TLS_OPTIONS}
OLDEST_VERSION = (6, 2)
HEALTH_CHECK_INTERVAL = 15  # seconds a connection may idle before it must answer a PING


class UnsupportedUrl(ValueError):
    """The Redis URL is not understood; the message names the forms that are, never the password."""


class CannotConnect(RedisConnectionError):
    """Redis does not answer, or refuses us."""


async def connect(
    url: str,
    *,
    socket_path: str | None = None,
    timeout: float = 5.0,  # noqa: ASYNC109
    connect_timeout: float = 5.0,
    max_connections: int = 64,
) -> Redis:
    """A client that has answered once; `socket_path`, where given, wins over `url`. Times are seconds.

    Nothing is retried: whether a command may be sent twice is the caller's decision. When all connections are busy a
    command waits up to `timeout` for one; a blocking command (XREADGROUP … BLOCK) must block for less than `timeout`.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": connect_timeout,
        "health_check_interval": HEALTH_CHECK_INTERVAL,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
        # RESP3 would turn on maintenance notifications, and with these the pool hands out connections closed by a
        # restarted server instead of opening new ones.
        "protocol": 2,
    }
    limits: dict[str, Any] = {"max_connections": max_connections, "timeout": timeout}
    if socket_path is None:
        _check_url(url)
        where = without_password(url)
        pool = BlockingConnectionPool.from_url(url, **limits, **options)
    else:
        where = socket_path
        pool = BlockingConnectionPool(
            connection_class=UnixDomainSocketConnection, path=socket_path, **limits, **options
        )
    client = Redis.from_pool(pool)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        await client.aclose()
        raise CannotConnect(
            f"Redis at {where} does not take our connection: {str(error).rstrip('.')}. Check that it runs and that "
            "the address, the password and the TLS setting in [redis] url are its own."
        ) from error
    except BaseException:
        await client.aclose()
        raise
    return client


def without_password(url: str) -> str:
    """The URL fit for a log: its options are left out too, for one of them may be a password."""
    scheme, separator, rest = url.partition("://")
    _, at, address = rest.rpartition("@")
    return f"{scheme}{separator}{'***@' if at else ''}{address.partition('?')[0]}"


def _check_url(url: str) -> None:
    """Refuse what redis-py would misread in silence, such as a database that is not a number."""
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnsupportedUrl(f"[redis] url {shown} has no valid host and port. Write {URL_FORMS}.") from None
    known = URL_OPTIONS.get(parts.scheme)
    if known is None:
        raise UnsupportedUrl(f"[redis] url {shown} is of a form that is not supported. Write {URL_FORMS}.")
    if parts.scheme == "unix" and not parts.path:
        raise UnsupportedUrl(f"[redis] url {shown} names no socket. Write {URL_FORMS}.")
    if parts.scheme != "unix" and not re.fullmatch(r"/?|/\d+", unquote(parts.path)):
        raise UnsupportedUrl(f"[redis] url {shown}: the part after the last / must be a number. Write {URL_FORMS}.")
    for option, value in parse_qsl(parts.query, keep_blank_values=True):
        if option not in known:
            raise UnsupportedUrl(
                f"[redis] url {shown}: the option {option} is unknown in a {parts.scheme}:// URL. "
                f"Known are: {', '.join(sorted(known))}."
            )
        if option == "db" and not value.isdecimal():
            raise UnsupportedUrl(f"[redis] url {shown}: the option db must be a number, as in ?db=0.")


async def weaknesses(client: Redis) -> list[str]:
    """What of this server's version and settings may lose data, a sentence each; empty when all is well."""
    try:
        info = await client.info()
    except ResponseError as error:
        return [f"Redis does not let us read INFO ({error}): its version and durability could not be checked."]
    found = weaknesses_in(info)
    # Without the file itself, when it is written makes no difference.
    if info.get("aof_enabled") and (weakness := await _append_fsync_weakness(client)):
        found.append(weakness)
    return found


def weaknesses_in(info: Mapping[str, Any]) -> list[str]:
    """The weaknesses that INFO tells of, which managed servers allow where they forbid CONFIG."""
    found = []
    version = str(info.get("redis_version", "0.0"))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
        found.append(f"Redis is version {version}: the service needs 6.2 or newer, upgrade it.")
    policy = info.get("maxmemory_policy", "unknown")
    if policy != "noeviction":
        found.append(
            f"Redis may throw records away when its memory is full (maxmemory-policy is {policy}): "
            "set maxmemory-policy to noeviction."
        )
    if not info.get("aof_enabled"):
        found.append(
            "Redis keeps no append-only file: what it has acknowledged is lost when it stops. "
            "Set appendonly to yes and appendfsync to always."
        )
    return found


async def _append_fsync_weakness(client: Redis) -> str | None:
    try:
        settings = await client.config_get("appendfsync")
    except ResponseError as error:
        return (
            f"Redis does not let us read its settings ({error}): whether appendfsync is always could not be checked. "
            "Allow the command CONFIG GET or ask who runs it."
        )
    value = next((_text(value) for value in settings.values()), "unknown")
    if value == "always":
        return None
    return (
        f"Redis writes to disk after it acknowledges (appendfsync is {value}): a power cut may lose the last seconds. "
        "Set appendfsync to always."
    )


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
