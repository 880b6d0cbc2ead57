"""`notifier doctor` knows whether calls can be made through the exchange, `notifier staff extension` who makes them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from console_browser import hire
from redis.asyncio import Redis
from typer.testing import CliRunner

from notifier.cli import app
from notifier.config import Config
from notifier.diagnostics import dialer, offline
from notifier.diagnostics.verdicts import VerdictLevel
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.simulator.manager import ManagerInterface
from notifier.store import audit
from notifier.store.audit import Act, Wanted

ROOT = Path(__file__).parents[2]
Run = Callable[..., Awaitable[Result]]
Made = Callable[..., Config]


@pytest.fixture
async def manager(simulator: Simulator) -> AsyncIterator[ManagerInterface]:
    interface = ManagerInterface(simulator.exchange, simulator.api_key, simulator.faults)
    await interface.start()
    yield interface
    await interface.close()


@pytest.fixture
def run(config: Config) -> Run:
    """A command on the store of the test."""
    ours = {"NOTIFIER__REDIS__URL": config.redis.url, "COLUMNS": "250"}

    async def run(*arguments: str) -> Result:
        line = [*arguments, "--config", str(ROOT / "config.toml")]
        return await asyncio.to_thread(CliRunner().invoke, app, line, env=ours)

    return run


async def reached(config: Config) -> tuple[VerdictLevel, str]:
    (verdict,) = [one async for one in dialer.reached(config)]
    return verdict.level, f"{verdict.what} {verdict.todo}"


def ami(address: str, **more: Any) -> dict[str, Any]:
    return {"kind": "ami", "address": address, "user": "notifier", "secret": "test-secret", **more}


async def test_a_manager_interface_that_takes_us(
    make_config: Made, simulator: Simulator, manager: ManagerInterface
) -> None:
    address = f"127.0.0.1:{manager.port}"
    level, said = await reached(make_config(dialer=ami(address, secret=simulator.api_key)))
    assert level is VerdictLevel.OK
    assert f"{address} takes our name and secret" in said
    assert simulator.exchange.dials == [], "nobody is rung"


async def test_a_manager_interface_that_does_not(
    make_config: Made, manager: ManagerInterface, simulator_url: str, unused_tcp_port: int
) -> None:
    level, said = await reached(make_config(dialer=ami(f"127.0.0.1:{manager.port}", secret="wrong-secret")))
    assert level is VerdictLevel.ERROR
    assert "does not take our name and secret" in said
    assert "look at manager.conf" in said
    assert "wrong-secret" not in said
    level, said = await reached(make_config(dialer=ami(f"127.0.0.1:{unused_tcp_port}")))
    assert (level, "does not answer" in said) == (VerdictLevel.ERROR, True)
    web = simulator_url.removeprefix("http://").partition("/")[0]
    level, said = await reached(make_config(dialer=ami(web, timeout="1s")))
    assert level is VerdictLevel.ERROR
    assert web in said
    level, said = await reached(make_config(dialer=ami(f"127.0.0.1:{manager.port}", secret="env:NO_SUCH_SECRET")))
    assert (level, "NO_SUCH_SECRET" in said) == (VerdictLevel.ERROR, True)


@pytest.mark.parametrize("kind", ["http", "simotel"])
async def test_an_exchange_over_http(make_config: Made, simulator_url: str, unused_tcp_port: int, kind: str) -> None:
    def at(base: str) -> Config:
        settings = {
            "http": {"url": f"{base}/dial/{{extension}}/{{number}}"},
            "simotel": {"url": f"{base}/api/v4", "user": "crm", "secret": "s", "api_key": "k"},
        }[kind]
        return make_config(dialer={"kind": kind, **settings})

    base = simulator_url.removesuffix("/v1")
    level, said = await reached(at(base))
    assert (level, "answers; whether it takes our key, only a call tells" in said) == (VerdictLevel.OK, True)
    level, said = await reached(at(f"http://127.0.0.1:{unused_tcp_port}"))
    assert level is VerdictLevel.ERROR
    assert f"127.0.0.1:{unused_tcp_port} does not answer (ConnectionRefusedError)" in said
    assert "is the exchange running?" in said


async def test_secrets_that_are_not_set_are_found(make_config: Made) -> None:
    settings = {"headers": {"Authorization": "env:NO_A"}, "secrets": {"key": "env:NO_B"}, "callback_token": "env:NO_C"}
    config = make_config(dialer={"kind": "http", "url": "https://pbx.shop.ir/{extension}/{number}", **settings})
    found = "\n".join(map(str, offline._needed_secrets(config)))
    for place in ("dialer.headers.Authorization", "dialer.secrets.key", "dialer.callback_token"):
        assert place in found


async def test_who_has_a_telephone(service: Service, redis: Redis, run: Run) -> None:
    async def said() -> list[tuple[VerdictLevel, str]]:
        return [(one.level, f"{one.what} {one.todo}") async for one in dialer.extensions(redis)]

    await hire(service)
    ((level, told),) = await said()
    assert level is VerdictLevel.WARNING
    assert "nobody has an extension" in told
    assert "notifier staff extension ID 201" in told
    for who, number in (("sara", "201"), ("reza", "202")):
        assert (await run("staff", "extension", who, number)).exit_code == 0
    assert [(level, told.strip()) for level, told in await said()] == [(VerdictLevel.OK, "without an extension: boss")]
    await run("staff", "extension", "boss", "203")
    ((level, told),) = await said()
    assert (level, "everybody has an extension" in told) == (VerdictLevel.OK, True)
    await run("staff", "extension", "reza", "201")
    (level, told), _ = await said()
    assert (level, "extension 201 is that of reza, sara" in told) == (VerdictLevel.WARNING, True)


async def test_an_extension_is_given_and_taken_away(service: Service, run: Run) -> None:
    await hire(service)
    done = await run("staff", "extension", "sara", "201")
    assert (done.exit_code, done.output.strip()) == (0, "sara calls from extension 201.")
    listed = map(json.loads, (await run("staff", "list", "--json")).output.splitlines())
    assert {one["id"]: one["extension"] for one in listed} == {"sara": "201", "reza": "", "boss": ""}
    assert (await run("staff", "extension", "reza", "۲۰۲")).output.strip() == "reza calls from extension 202."
    done = await run("staff", "extension", "sara")
    assert (done.exit_code, done.output.strip()) == (0, "sara calls from their own phone.")
    assert (await service.staff.get("sara")).extension == ""  # type: ignore[union-attr]
    trail = [one async for _, one in audit.read(service.reader, Wanted())]
    assert [one.about for one in trail if one.act is Act.EXTENSION_CHANGED] == ["sara", "reza", "sara"]


@pytest.mark.parametrize("number", ["12a", "+201", "2 01", "PJSIP/201", "1" * 16, "201\r\nAction: Logoff", "²", "½"])
async def test_an_extension_that_cannot_be_changes_nothing(service: Service, run: Run, number: str) -> None:
    await hire(service)
    await run("staff", "extension", "sara", "201")
    done = await run("staff", "extension", "sara", number)
    assert done.exit_code == 2
    assert "digits alone, at most 15" in done.output
    assert (await service.staff.get("sara")).extension == "201"  # type: ignore[union-attr]


async def test_nobody_gets_anothers_extension(service: Service, run: Run) -> None:
    await hire(service)
    done = await run("staff", "extension", "nobody", "201")
    assert done.exit_code == 2
    assert "there is no 'nobody'" in done.output
    assert await service.staff.get("nobody") is None
