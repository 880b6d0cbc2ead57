"""Accounts of the support desk: changes at once, sessions and their ends."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from callroom import BOSS
from consoles import PASSWORD, Browser, hire, hashed
from msgspec.structs import replace
from shops import Client

from notifier import passwords
from notifier.service import Service
from notifier.store.staff import Role

NEW = "kolah-e-ghermez 8 moosh"


class Gate:
    """Holds the slow work of a password open: whoever is at it waits until it is let through."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self._work, self._reached, self._open = work, threading.Event(), threading.Event()

    def __call__(self, *args: Any, **more: Any) -> Any:
        done = self._work(*args, **more)
        self._reached.set()
        assert self._open.wait(20)
        return done

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, 20)

    def let_through(self) -> None:
        self._open.set()


@pytest.fixture
async def boss(client: Client, service: Service) -> Browser:
    await hire(service)
    await service.staff.put(replace(BOSS, id="second", password=hashed()))
    browser = Browser(client)
    await browser.enter(service, "boss")
    return browser


@pytest.mark.parametrize("time", range(6))
async def test_poc_demotion(boss, client, service, monkeypatch, time) -> None:
    second = Browser(client)
    await second.enter(service, "second")
    gate = Gate(passwords.hashed)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "hashed", gate)
        change = asyncio.create_task(second.post_bare("/me/password", csrf=second.csrf, old=PASSWORD, new=NEW))
        await gate.reached()
        await boss.post_bare("/staff/second", csrf=boss.csrf, do="role", role="agent")
        gate.let_through()
        await change
    staff = await service.staff.get("second")
    assert staff.role is Role.AGENT


@pytest.mark.parametrize("time", range(4))
async def test_poc_sign_in(boss, client, service, monkeypatch, time) -> None:
    thief = Browser(client)
    gate = Gate(passwords.matches)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", gate)
        signing = asyncio.create_task(thief.post_bare("/login", username="second", password=PASSWORD))
        await gate.reached()
        await boss.post_bare("/staff/second", csrf=boss.csrf, do="password", password=NEW)
        gate.let_through()
        await signing
    assert (await thief.get("/")).status == 303


async def test_poc_guessing(boss, client, service) -> None:
    thief = Browser(client)
    await thief.enter(service, "second")
    statuses = [(await thief.post_bare("/me/password", csrf=thief.csrf, old=f"x{n}", new=NEW)).status for n in range(12)]
    assert 429 in statuses, statuses


async def test_poc_late_session(boss, client, service, redis) -> None:
    """first used after 11 h: lives beyond the index"""
    from notifier.console.sessions import Sessions
    from notifier.store import keys as names
    token = await Sessions(service.redis).open("second")
    late = Browser(client)
    late.cookies["console"] = token
    await redis.delete(names.sessions_of("second"))  # as after 16 hours
    assert (await late.get("/")).status == 200
    await boss.post_bare("/staff/second", csrf=boss.csrf, do="sign_out")
    assert (await late.get("/")).status == 303
