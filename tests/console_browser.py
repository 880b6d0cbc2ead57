"""People who use the console, for tests: a browser without a screen, over real HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from html import unescape
from typing import Any

from call_fixtures import BOSS, REZA, SARA
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.console import passwords
from notifier.console.sessions import Sessions
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service

PASSWORD = "open sesame, please"
ISFAHAN = {"name": "سارا محمدی", "phone": "09121234567", "city": "اصفهان"}
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser is shown."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def words(self) -> str:
        """The text without its markup, in single spaces."""
        bare = re.sub(r"<(script|style)\b.*?</\1>", " ", self.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


@dataclass(slots=True)
class Browser:
    """One browser with its own cookies."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    async def get(self, path: str) -> Page:
        return await self._ask("GET", path)

    async def post(self, path: str, **form: str) -> Page:
        """Send a form as a page of ours does, and go where its answer leads."""
        page = await self._ask("POST", path, data={"csrf": self.csrf} | form)
        if page.status == 303:
            return await self.get(page.headers["Location"].removeprefix("/console"))
        return page

    async def post_bare(self, path: str, *, headers: Mapping[str, str] | None = None, **form: str) -> Page:
        """Send a form with just these fields, and stay."""
        return await self._ask("POST", path, data=form, headers=dict(headers or {}))

    async def sign_in(self, username: str, password: str = PASSWORD) -> Page:
        return await self.post("/login", username=username, password=password)

    async def enter(self, service: Service, staff_id: str) -> None:
        """Be signed in already, without the time that checking a password takes."""
        self.cookies["console"] = await Sessions(service.redis).open(staff_id)
        await self.get("/me")

    async def _ask(self, method: str, path: str, **more: Any) -> Page:
        headers = more.pop("headers", {}) | {"Cookie": "; ".join(f"{name}={at}" for name, at in self.cookies.items())}
        async with self.client.request(
            method, f"/console{path}", headers=headers, allow_redirects=False, **more
        ) as answer:
            page = Page(answer.status, await answer.text(errors="replace"), dict(answer.headers))
            for name, morsel in answer.cookies.items():
                self.cookies[name] = morsel.value
        self.client.session.cookie_jar.clear()  # each browser has its own
        if token := _CSRF.search(page.text):
            self.csrf = token[1]
        return page


@lru_cache(maxsize=1)
def hashed() -> str:
    """Hashing is slow on purpose: once is enough."""
    return passwords.hashed(PASSWORD)


async def hire(service: Service) -> None:
    """Sara and Reza, and their supervisor."""
    for one in (SARA, REZA, BOSS):
        await service.staff.put(replace(one, password=hashed()))


async def hire_with_telephones(service: Service) -> None:
    """They, and the extensions of Sara and Reza."""
    await hire(service)
    for staff_id, extension in (("sara", "201"), ("reza", "202")):
        await service.staff.change(staff_id, lambda one, _, number=extension: replace(one, extension=number))


class Desk:
    """Two agents and a supervisor, a shop, and time that is turned."""

    def __init__(self, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> None:
        self.sara, self.reza, self.boss = Browser(client), Browser(client), Browser(client)
        self.shop, self.service, self.clock = shop, service, clock

    async def open(self) -> None:
        for browser, name in ((self.sara, "sara"), (self.reza, "reza"), (self.boss, "boss")):
            await browser.enter(self.service, name)

    async def event(self, kind: EventType, order: str = "10025", **data: Any) -> Any:
        payload = standard.event(kind, at=self.clock.now(), order_id=order)
        payload["data"] |= data
        answer = await self.shop.post(payload)
        assert answer.status == 202
        return answer.body

    async def deposit(self, order: str = "10025") -> Any:
        payment = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR", "reference": "778899"}
        about = {"customer": ISFAHAN, "payment": payment}
        await self.event(EventType.REGISTERED, order, **about)
        return await self.event(EventType.DEPOSIT_REPORTED, order, **about)

    async def due_call(self) -> str:
        """A call that is due, and in somebody's hands."""
        planned = await self.event(EventType.PAID)
        await self.tick()
        await self.tick(minutes=15)
        return str(planned["calls"][0]["id"])

    async def tick(self, **turn: float) -> None:
        self.clock.turn(timedelta(**turn))
        await self.service.reminders.tick()

    async def call(self, call_id: str) -> Any:
        stored = await self.service.reader.call(call_id)
        assert stored
        return stored.call

    async def whose(self, call_id: str) -> Browser:
        return {"sara": self.sara, "reza": self.reza}[(await self.call(call_id)).assignee]
