"""What the service itself needs: ``[server]``, ``[redis]``, ``[callbacks]``, ``[api]`` and ``[templates]``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, IPvAnyNetwork, field_validator, model_validator

from notifier.config.section import Section
from notifier.secret import Secret
from notifier.store import server

_USUAL_BODY = 1_048_576


class ServerConfig(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: Annotated[str, Field(pattern="^(https?://.+)?$")] = ""
    max_body: Annotated[int, Field(ge=1024)] = 8_388_608
    trusted_proxies: list[IPvAnyNetwork] = []
    max_connections: Annotated[int, Field(ge=1)] = 1000
    queue: Annotated[int, Field(ge=500)] = 2000
    body_timeout: timedelta = timedelta(seconds=30)
    idle_timeout: timedelta = timedelta(seconds=75)

    @property
    def usual_body(self) -> int:
        """Bytes of any request but a delivery of WooCommerce, which alone posts whole orders with all that plugins add,
        and switches its webhook off where they are refused."""
        return min(self.max_body, _USUAL_BODY)

    @model_validator(mode="after")
    def _somebody_can_be_heard(self) -> "ServerConfig":
        if self.body_timeout <= timedelta() or self.idle_timeout <= timedelta():
            raise ValueError("body_timeout and idle_timeout must be longer than 0s")
        return self


def _from_environment(url: str) -> str:
    """An address may hold a password, and so may stand in the environment as a whole."""
    return Secret(url).value()


class RedisConfig(Section):
    url: Annotated[str, AfterValidator(_from_environment), Field(repr=False)] = "embedded"
    data_dir: Path = Path("data")
    server: str = server.BUNDLED
    durability: Literal["fsync", "everysec"] = "fsync"
    partitions: Annotated[int, Field(ge=1, le=1024)] = 1
    timeout: timedelta = timedelta(seconds=5)
    replicas: Annotated[int, Field(ge=0, le=16)] = 0
    replicas_timeout: timedelta = timedelta(seconds=1)

    @field_validator("server")
    @classmethod
    def _names_one_program(cls, value: str) -> str:
        if value not in (server.BUNDLED, server.FIRST_ON_PATH) and not Path(value).is_absolute():
            raise ValueError(f'must be empty, "{server.FIRST_ON_PATH}" or the whole path of a program')
        return value

    @model_validator(mode="after")
    def _replicas_can_answer(self) -> "RedisConfig":
        if self.replicas and self.is_embedded:
            raise ValueError("replicas must be 0: the embedded Redis has none; name your own Redis in url")
        if self.replicas and not timedelta() < self.replicas_timeout < self.timeout:
            raise ValueError("replicas_timeout must be longer than 0s and shorter than timeout")
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the store is a server of ours, in ``data_dir``."""
        return self.url == "embedded"


class CallbacksConfig(Section):
    """While ``previous_token`` is set both are valid."""

    token: Secret | None = None
    previous_token: Secret | None = None

    def tokens(self) -> tuple[str, ...]:
        """The tokens that are set, the newest first."""
        return tuple(token.value() for token in (self.token, self.previous_token) if token and token.is_set)


class ApiConfig(Section):
    tokens: list[Secret] = []


class TemplatesConfig(Section):
    folder: Path = Path("templates")
    reload: timedelta = timedelta(seconds=5)
