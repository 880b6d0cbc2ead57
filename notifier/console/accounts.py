"""What has to be true of an account before something is done with it, and what is written down of it."""

import asyncio
from collections.abc import Iterable

import structlog
from aiohttp import web

from notifier.console import passwords
from notifier.console.attempts import Guesses
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import PageRefusal, TooMany
from notifier.console.security import FORM, STAFF
from notifier.domain import persian
from notifier.store import audit
from notifier.store.audit import Act

log = structlog.get_logger()

CODE, PASSWORD = "code", "own-password"
"""What may be guessed at."""


async def allow_guess(deps: Dependencies, what: str, staff_id: str, address: str = "") -> None:
    """Count a try. Raises TooMany, and the trail says so."""
    if wait := await Guesses(deps.redis).wait(what, staff_id):
        log.warning("too many guesses", action="guesses_limited", staff=staff_id, what=what)
        await audit.write_some(deps.redis, deps.entry(Act.SIGN_IN_LIMITED, staff_id, more=address))
        unit = (
            f"{persian.digits(-(-wait // 60))} دقیقهٔ" if wait < 2 * 3600 else f"{persian.digits(-(-wait // 3600))} ساعت"
        )
        raise TooMany(f"چند بار پشت سر هم نادرست بود. {unit} دیگر دوباره امتحان کنید.", retry_after=wait)


async def prove_password(request: web.Request, deps: Dependencies) -> None:
    """The password of whoever is signed in, in the field ``old``. Raises Refused."""
    me = request[STAFF]
    await allow_guess(deps, PASSWORD, me.id, request.remote or "")
    if not await asyncio.to_thread(passwords.matches, request[FORM].get("old", ""), me.password):
        await audit.write_some(deps.redis, deps.entry(Act.PASSWORD_GUESSED, me.id, more=request.remote or ""))
        raise PageRefusal("گذرواژهٔ کنونی درست نیست.")
    await Guesses(deps.redis).forget(PASSWORD, me.id)


async def hashed(password: str, about: Iterable[str]) -> str:
    """A hash to store. Raises PageRefusal."""
    try:
        return await asyncio.to_thread(_hashed, password, tuple(about))
    except ValueError:
        shortest, longest = persian.digits(passwords.SHORTEST), persian.digits(passwords.LONGEST)
        raise PageRefusal(
            f"گذرواژه {shortest} تا {longest} نویسه می‌خواهد و نباید از آن‌هایی باشد که زود حدس زده می‌شوند: گذرواژه‌های "
            "رایج، نام با سال، شمارهٔ تلفن یا پلاک. سه چهار واژهٔ بی‌ربط پشت سر هم خوب است."
        ) from None


def _hashed(password: str, about: tuple[str, ...]) -> str:
    return passwords.hashed(password, about=about)
