"""Names at sign-in: in capitals or small letters, and never of two people at once."""

from itertools import product

import pytest
from call_fixtures import SARA
from console_browser import Browser, hashed, hire
from msgspec.structs import replace
from shops import Client

from notifier.service.process import Service


@pytest.mark.parametrize("name", ["sara", "SARA", "Sara", " sArA "])
async def test_a_name_in_any_letters(client: Client, service: Service, name: str) -> None:
    await hire(service)
    browser = Browser(client)
    assert (await browser.sign_in(name)).status == 200
    assert browser.cookies["console"]
    assert (await Browser(client).sign_in(name, "another password")).status == 401


async def test_of_two_names_that_differ_in_letters_alone_each_is_itself(client: Client, service: Service) -> None:
    """From before such names were refused."""
    await hire(service)
    await service.staff.put(replace(SARA, id="Sara", password=hashed()))
    assert (await service.staff.named("sara")) == await service.staff.get("sara")
    assert (await service.staff.named("Sara")) == await service.staff.get("Sara")
    assert await service.staff.named("SARA") is None
    assert (await Browser(client).sign_in("SARA")).status == 401


async def test_no_second_name_that_differs_in_letters_alone(service: Service) -> None:
    await hire(service)
    assert not await service.staff.add(replace(SARA, id="SARA"), lambda unit: None)
    assert await service.staff.get("SARA") is None


async def test_another_way_to_write_a_name_is_no_further_try(client: Client, service: Service) -> None:
    await hire(service)
    ways = {a + b + c + d for a, b, c, d in product("sS", "aA", "rR", "aA")}
    answers = [(await Browser(client).sign_in(name, "x")).status for name in ways]
    assert 429 in answers
    assert (await Browser(client).sign_in("sara")).status == 429
