"""V2 and V7 of ASVS, authentication: guessing is slow, and what is typed by mistake is written nowhere.

Accounts, passwords, second factors and sessions themselves are in test_accounts.py.
"""

from typing import Any

import pytest
from argon2 import PasswordHasher
from console_browser import Browser, hire
from redis.asyncio import Redis
from shops import Client
from structlog.testing import capture_logs

from notifier.clock import StillClock
from notifier.console import passwords
from notifier.console.attempts import BY_ADDRESS, BY_NAME, Attempts
from notifier.console.live import MOST
from notifier.incoming.senders import network
from notifier.service.process import WEB, Service


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, counts_as: str) -> None:
    assert network(address) == counts_as


async def test_a_household_of_addresses_is_one(redis: Redis) -> None:
    attempts = Attempts(redis)
    for number in range(BY_ADDRESS):
        assert await attempts.wait(f"nobody{number}", f"2001:db8:1:2::{number:x}") == 0
    assert await attempts.wait("somebody", "2001:db8:1:2:ffff::1") > 0
    assert await attempts.wait("somebody", "2001:db8:1:3::1") == 0


async def test_made_up_names_and_addresses_fill_no_memory(redis: Redis) -> None:
    """The keys of all counters there can be are 4 hexadecimal digits of a hash."""
    attempts = Attempts(redis)
    for number in range(300):
        await attempts.wait(f"name{number}", f"2001:db8:{number:x}::1")
    keys = [key.decode().rpartition(":")[2] async for key in redis.scan_iter("n:attempts:*")]
    assert {len(key) for key in keys} == {4}


async def test_a_password_typed_as_a_name_is_in_no_log(client: Client, service: Service, redis: Redis) -> None:
    await hire(service)
    browser = Browser(client)
    with capture_logs() as logged:
        for number in range(BY_NAME + 1):
            await browser.sign_in("hunter2-my-secret", f"guess {number}")
        await browser.sign_in("sara", "wrong")
    assert "hunter2" not in str(logged)
    assert {"sign_in_limited", "sign_in_refused"} <= {line["action"] for line in logged}
    assert [line["username"] for line in logged if line["action"] == "sign_in_refused"][-1] == "sara"
    assert not [key async for key in redis.scan_iter() if b"hunter2" in key]


def test_what_is_kept_of_a_password(quick_hashes: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9106's second choice, a salt of its own each time, and every character counts."""
    monkeypatch.setattr(passwords, "_HASHER", quick_hashes)
    long = "🌷 چتر بنفش روی پشت بام، jar of green buttons behind the old piano, و یک نردبان تا ماه"
    kept = [passwords.hashed(long) for _ in range(2)]
    assert [one.split("$")[1:4] for one in kept] == [["argon2id", "v=19", "m=65536,t=3,p=4"]] * 2
    salts = {one.split("$")[4] for one in kept}
    assert len(salts) == 2
    assert all(len(salt) * 6 // 8 >= 16 for salt in salts)
    assert passwords.matches(long, kept[0])
    assert not passwords.matches(long[:-1] + "x", kept[0])
    assert not passwords.matches(long[1:], kept[0])
    assert not passwords.matches(long.upper(), kept[0])


async def test_the_streams_of_a_session_are_bounded(client: Client, service: Service) -> None:
    await hire(service)
    browser, other = Browser(client), Browser(client)
    await browser.enter(service, "sara")
    await other.enter(service, "reza")

    async def opened(one: Browser) -> Any:
        return await client.get("/console/live", headers={"Cookie": f"console={one.cookies['console']}"})

    streams = [await opened(browser) for _ in range(MOST)]
    assert {answer.status for answer in streams} == {200}
    assert (await opened(browser)).status == 429
    assert (await opened(other)).status == 200
    for answer in streams:
        answer.close()


async def test_sign_ins_by_proxy_count_for_the_network_before_it(
    make_config: Any, clock: StillClock, aiohttp_client: Any, redis: Redis
) -> None:
    config = make_config(server__trusted_proxies=["127.0.0.1/32"])
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        statuses = []
        for number in range(BY_ADDRESS + 1):
            form = {"username": f"nobody{number}", "password": "x" * 2000}
            headers = {"X-Forwarded-For": f"2001:db8::{number:x}"}
            statuses.append((await client.post("/console/login", data=form, headers=headers)).status)
        assert statuses == [401] * BY_ADDRESS + [429]
