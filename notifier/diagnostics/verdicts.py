"""What an examination comes to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from enum import StrEnum

from msgspec import Struct
from redis.exceptions import RedisError

from notifier.errors import NotifierError


class VerdictLevel(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Verdict(Struct, frozen=True):
    """What was found of one thing; ``what`` is a sentence, ``todo`` what to do about it."""

    level: VerdictLevel
    about: str
    what: str
    todo: str = ""


def ok(about: str, what: str) -> Verdict:
    return Verdict(VerdictLevel.OK, about, what)


def warning(about: str, what: str, todo: str = "") -> Verdict:
    return Verdict(VerdictLevel.WARNING, about, what, todo)


def error(about: str, what: str, todo: str = "") -> Verdict:
    return Verdict(VerdictLevel.ERROR, about, what, todo)


Check = Callable[[], AsyncIterator[Verdict]]


async def in_time(about: str, check: Check, *, limit: float) -> list[Verdict]:
    """All that a check finds within so many seconds; that it takes longer, or fails, is a finding too."""
    found: list[Verdict] = []
    try:
        async with asyncio.timeout(limit):
            async for one in check():  # one by one: what was found before a limit stays
                found.append(one)  # noqa: PERF401
    except TimeoutError:
        found.append(error(about, f"no answer within {limit:g} s", "look at the network, and at what is asked"))
    except (NotifierError, RedisError, OSError) as trouble:
        found.append(error(about, str(trouble) or type(trouble).__name__))
    except (
        Exception
    ) as trouble:  # whatever it is, the rest is to be told, and a text that we do not know may hold a key
        found.append(
            error(about, f"could not be looked at ({type(trouble).__name__})", "tell who looks after the program")
        )
    return found
