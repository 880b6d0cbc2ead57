"""Whether the process is alive, and whether it can take events."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from notifier.config import Config
from notifier.sms.accounts import Accounts, BreakerState
from notifier.store import disk
from notifier.store.health import ServerHealth, health
from notifier.web import answers
from notifier.web.described import DocumentedAnswer, describe

_PATIENCE = 2.0  # seconds in which the store must answer for the process to be ready
_SLOW = 0.25  # seconds: it is ready, and says so


class Alive(answers.Facts, frozen=True):
    status: Literal["ok"]


class AccountState(answers.Facts, frozen=True):
    """One account at a provider: whether it is used, or why it is not."""

    open: bool
    reason: str | None
    credit: int | None


class Ready(answers.Facts, frozen=True):
    status: Literal["ready"]
    reasons: list[str]
    providers: dict[str, AccountState]


class NotReady(answers.Facts, frozen=True):
    status: Literal["not ready"]
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class HealthViews:
    """A paused account makes nobody unready: events are taken, and their texts wait or leave by another.

    ``weaknesses`` say, a sentence each, what may lose data about a Redis that somebody else runs.
    """

    config: Config
    redis: Redis
    accounts: Accounts
    weaknesses: Sequence[str]

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self.healthz), web.get("/readyz", self.readyz)]

    @describe(
        "Whether the process is alive",
        tag="operation",
        answers={200: DocumentedAnswer(text="It is", models=(Alive,))},
    )
    async def healthz(self, request: web.Request) -> web.Response:
        """The process is alive."""
        return answers.json(Alive(status="ok"))

    @describe(
        "Whether the process can take events",
        tag="operation",
        answers={
            200: DocumentedAnswer(
                text="It can; `reasons` are worries all the same, `providers` how each account is doing",
                models=(Ready,),
            ),
            503: DocumentedAnswer(text="It cannot, and why", models=(NotReady,)),
        },
    )
    async def readyz(self, request: web.Request) -> web.Response:
        """200, or 503 with the reason."""
        if self.config.redis.is_embedded and (room := disk.room(self.config.redis.data_dir)).is_none:
            return _not_ready(
                f"the disk of the data directory is full ({room}): make room, and events are taken again by themselves"
            )
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.redis.ping()
                took = loop.time() - started
                standings = await self.accounts.standings()
                nodes = await _nodes(self.redis)
        except TimeoutError:
            return _not_ready(f"the store does not answer within {_PATIENCE:g} s")
        except (RedisError, OSError) as error:
            if str(error).startswith("MISCONF"):  # it could not write to its disk, and refuses even a PING until it can
                return _not_ready(
                    "the store refuses writes, for its disk did not take the last: make room, see its log"
                )
            return _not_ready(f"the store does not answer ({type(error).__name__})")
        if any(node.is_full for node in nodes):
            return _not_ready("the store refuses writes, for its memory is full: give it more (maxmemory)")
        named = {line.name: standing for line, standing in zip(self.accounts, standings, strict=True)}
        providers = {name: AccountState.of(one, open=not one.on_trial) for name, one in named.items()}
        reasons = [*self._worries(took, named), *self.weaknesses]
        return answers.json(Ready(status="ready", reasons=reasons, providers=providers))

    def _worries(self, took: float, standings: dict[str, BreakerState]) -> list[str]:
        found = [f"the store took {took:.2f} s to answer"] if took > _SLOW else []
        if (room := disk.room(self.config.redis.data_dir)).is_little:
            found.append(f"{room.free >> 20} MiB are left on the disk of the data directory")
        return found + [f"nothing leaves by {name}: {one.reason}" for name, one in standings.items() if one.on_trial]


async def _nodes(redis: Redis) -> list[ServerHealth]:
    try:
        return await health(redis)
    except ResponseError:  # a managed server may not let us look
        return []


def _not_ready(reason: str) -> web.Response:
    return answers.json(NotReady(status="not ready", reasons=[reason]), status=503)
