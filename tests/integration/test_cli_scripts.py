"""Commands as scripts use them: every list and show as JSON, nothing cut where it is piped, ids whole."""

import asyncio
import fcntl
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import Browser, hire
from shops import SHOP_SECRET, ApiUser, Client, StandardShop, standard_fixture

from notifier.config import Config
from notifier.service.process import Service
from tools.reference.commands import commands

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
Piped = subprocess.CompletedProcess[str]
Run = Callable[..., Awaitable[Piped]]
ENDPOINT = {"url": "https://shop.ir/hooks/" + "a" * 80, "secret": "env:BACKEND_SECRET", "events": ["order.priority"]}
LONG = "10025-" + "0123456789" * 6
"""The number of an order, longer than any column of a terminal of 80."""


@pytest.fixture
def run(config: Config) -> Run:
    """A command on the store of the test, as a program of its own whose output is piped."""
    ours = {
        "NOTIFIER__REDIS__URL": config.redis.url,
        "NOTIFIER__WEBHOOKS__BACKEND": json.dumps(ENDPOINT),
        "BACKEND_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "COLUMNS": "80",
        "NO_COLOR": "1",
    }

    def piped(arguments: tuple[str, ...], environment: dict[str, str]) -> Piped:
        line = [sys.executable, "-m", "notifier", *arguments, "--config", str(ROOT / "config.toml")]
        return subprocess.run(line, capture_output=True, text=True, env=os.environ | ours | environment)

    async def run(*arguments: str, **environment: str) -> Piped:
        return await asyncio.to_thread(piped, arguments, environment)

    return run


async def lines(run: Run, *arguments: str) -> list[Any]:
    said = await run(*arguments, "--json")
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


@pytest.fixture
async def busy(shop: StandardShop, client: Client, service: Service) -> None:
    """One order with its message and call, one refused delivery, and staff."""
    payload = standard_fixture("payment.succeeded__tehran_online")
    assert (await shop.post(payload | {"data": payload["data"] | {"order_id": LONG}})).status == 202
    assert (
        await client.post("/webhooks/shop", json={"type": "order.packed", "data": {"order_id": LONG}})
    ).status == 401
    await service.rejections.write()
    await hire(service)


async def test_messages_and_calls_are_as_the_api_has_them(run: Run, busy: None, api: ApiUser) -> None:
    messages, calls = await lines(run, "messages", "list"), await lines(run, "calls", "list")
    assert messages == (await api.get("/messages")).body["items"]
    assert calls == (await api.get("/calls")).body["items"]
    assert await lines(run, "messages", "show", messages[0]["id"]) == messages[:1]
    assert [one["id"] for one in await lines(run, "calls", "list", "--assignee", "nobody")] == []
    assert await lines(run, "calls", "show", calls[0]["id"]) == calls[:1]
    assert LONG in (await run("calls", "show", calls[0]["id"])).stdout
    missing = await run("calls", "show", "nobody", "--json")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no call 'nobody'" in missing.stderr


async def test_refused_deliveries_are_as_the_api_has_them(run: Run, busy: None, api: ApiUser) -> None:
    kept = await lines(run, "events", "list")
    assert kept == (await api.get("/deliveries")).body["items"]
    assert kept[0]["status"] == 401
    assert await lines(run, "events", "show", kept[0]["id"]) == kept


async def test_staff_endpoints_trail_and_partitions(run: Run, busy: None) -> None:
    everybody = await lines(run, "staff", "list")
    assert [(one["id"], one["active"]) for one in everybody] == [("boss", True), ("reza", True), ("sara", True)]
    assert all(not {"password", "feed", "second", "epoch"} & one.keys() for one in everybody)
    [endpoint] = await lines(run, "webhooks", "list")
    assert (endpoint["name"], endpoint["off"], endpoint["waiting"]) == ("backend", False, 0)
    assert [one["partitions"] for one in await lines(run, "partitions")] == [1]
    await run("staff", "off", "sara")
    [done] = await lines(run, "audit", "list")
    assert (done["act"], done["about"]) == ("staff_off", "sara")


@pytest.mark.parametrize("command", ["preview", "sizes", "patterns"])
async def test_templates(run: Run, command: str) -> None:
    found = await lines(run, "templates", command)
    assert len(found) > 10
    assert "order_packed" in {one.get("template", one.get("name")) for one in found}


async def test_flaws_of_templates(run: Run, tmp_path: Path) -> None:
    (tmp_path / "order_packed.txt").write_text("no head")
    said = await run("templates", "lint", "--json", "--folder", str(tmp_path))
    assert said.returncode == 1
    assert all({"path", "line", "rule", "text"} == json.loads(line).keys() for line in said.stdout.splitlines())


async def test_a_text_that_differs_from_the_one_in_use(run: Run, busy: None, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "texts")
    same = await run("templates", "diff", "--json", "--folder", str(tmp_path / "texts"))
    assert (same.returncode, same.stdout) == (0, "")
    changed = tmp_path / "texts" / "order_packed.txt"
    changed.write_text(changed.read_text().rstrip() + "!\n")
    said = await run("templates", "diff", "--json", "--folder", str(tmp_path / "texts"))
    assert said.returncode == 1
    [found] = map(json.loads, said.stdout.splitlines())
    assert found["template"] == "order_packed"
    assert found["before"] != found["after"]
    assert [line for line in found["diff"] if line.startswith("+") and line.endswith("!")]


async def test_what_came_of_an_event_of_practice(run: Run, busy: None, client: Client) -> None:
    """The service here has another clock than the command, and takes no such signature."""
    secret = {"SHOP_WEBHOOK_SECRET": SHOP_SECRET}
    posted = await run("trigger", "order.registered", "--json", "--url", str(client.make_url("")), **secret)
    found = json.loads(posted.stdout)
    assert (posted.returncode, found["status"], found["answer"]["status"]) == (1, 401, 401)
    assert "another clock" in found["advice"]


COMMANDS = commands()


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if name.split()[-1] in ("list", "show")))
def test_every_list_and_show_speaks_json(name: str) -> None:
    assert "--json" in {option for one in COMMANDS[name].params for option in one.opts}


async def test_nothing_is_cut_where_it_is_piped(run: Run, busy: None) -> None:
    [message], [call], [kept] = [
        await lines(run, what, "list") for what in ("messages", "calls", "events")
    ]  # each on one line of its own, whatever COLUMNS says
    for what, values in (
        ("messages", (message["id"], LONG, message["template"])),
        ("calls", (call["id"], LONG, "reassurance", "2026")),
        ("events", (kept["id"], LONG, kept["reason"])),
    ):
        said = (await run(what, "list")).stdout
        assert "…" not in said
        [line] = [line for line in said.splitlines() if values[0] in line]
        assert all(value in line for value in values), line
    said = (await run("templates", "sizes")).stdout
    assert "order_registered_transfer" in said
    assert "…" not in said


def on_a_terminal(arguments: tuple[str, ...], environment: dict[str, str], *, columns: int) -> str:
    """What a command writes on a terminal so wide."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    line = [sys.executable, "-m", "notifier", *arguments]
    with subprocess.Popen(line, stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        said = b""
        try:
            while part := os.read(master, 65_536):
                said += part
        except OSError:  # the end of a terminal
            pass
        process.wait()
    os.close(master)
    return said.decode()


async def test_ids_are_whole_on_a_narrow_terminal(run: Run, busy: None, config: Config) -> None:
    [message] = await lines(run, "messages", "list")
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment |= {"NOTIFIER__REDIS__URL": config.redis.url, "TERM": "dumb", "NO_COLOR": "1"}
    for columns in (40, 80):
        arguments = ("messages", "list", "--config", str(ROOT / "config.toml"))
        said = await asyncio.to_thread(on_a_terminal, arguments, environment, columns=columns)
        assert message["id"] in said
        assert LONG in said
        assert "…" not in said


async def test_who_is_off_comes_back(run: Run, client: Client, service: Service) -> None:
    await hire(service)
    await run("staff", "off", "sara")
    assert [one["active"] for one in await lines(run, "staff", "list") if one["id"] == "sara"] == [False]
    back = await run("staff", "on", "sara")
    assert (back.returncode, back.stdout) == (0, "sara is on.\n")
    browser = Browser(client)
    await browser.enter(service, "sara")
    assert (await browser.get("/")).status == 200
    nobody = await run("staff", "on", "nobody")
    assert nobody.returncode == 2
    assert "there is no 'nobody'" in nobody.stderr


async def test_a_mistake_is_one_line_that_nothing_folds(run: Run) -> None:
    said = await run("messages", "show", "x" * 100)
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1] == (
        f"Error: Invalid value: there is no message '{'x' * 100}'; `notifier messages list` shows them"
    )


async def test_one_is_one(run: Run, busy: None) -> None:
    exported = await run("export")
    assert (exported.returncode, exported.stderr) == (0, "1 order\n")
    assert "The data lies in 1 partition." in (await run("partitions")).stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("notifier ", {"check", "messages", "staff", "serve"}),
        ("notifier mess", {"messages"}),
        ("notifier messages ", {"list", "show", "retry"}),
        ("notifier staff o", {"on", "off"}),
        ("notifier messages list --j", {"--json"}),
        ("notifier calls list --state cl", {"claimed"}),
        ("notifier trigger payment.dep", {f"payment.deposit_{end}" for end in ("reported", "confirmed", "rejected")}),
        ("notifier check --", {"--strict", "--json", "--config"}),
    ],
)
def test_completion_knows_commands_that_are_not_imported_yet(typed: str, offered: set[str]) -> None:
    words = typed.split(" ")
    asked = {"_NOTIFIER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    program = Path(sys.executable).with_name("notifier")
    said = subprocess.run([program], capture_output=True, text=True, env=os.environ | asked)
    assert offered <= set(said.stdout.split()), said.stderr


def test_the_script_of_completion() -> None:
    program = Path(sys.executable).with_name("notifier")
    asked = os.environ | {"_NOTIFIER_COMPLETE": "source_bash"}
    said = subprocess.run([program], capture_output=True, text=True, env=asked)
    assert "complete -o default -F _notifier_completion notifier" in said.stdout
