"""Importing files: into the store at once, as often as one likes, through kills and mistakes."""

import asyncio
import csv
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import SHOP_SECRET, WOO_SECRET, ApiUser, Client, StandardShop, send_all, standard_fixture
from typer.testing import CliRunner

from notifier.cli import app
from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.errors import StoreAway
from notifier.importing.preview import Preview
from notifier.importing.refused import RefusedRows
from notifier.importing.running import Import, Totals
from notifier.importing.source import ImportSource
from notifier.observability import logs
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store.keys import Keys

pytestmark = pytest.mark.process

E = EventType
BOTH = pytest.mark.parametrize("partitions", [1, 4])
CODE = "123456789012345678901234"


def paid(clock: StillClock, number: int, *, ago: timedelta = timedelta(), **more: Any) -> dict[str, Any]:
    """The payment of an order whose customer has a number of their own."""
    event = standard.event(E.PAID, at=clock.now() - ago, order_id=f"I{number}")
    event["data"]["customer"]["phone"] = f"0912{number:07}"
    return event | more


def then(clock: StillClock, kind: EventType, number: int, *, ago: timedelta = timedelta()) -> dict[str, Any]:
    return {"type": kind, "timestamp": (clock.now() - ago).isoformat(), "data": {"order_id": f"I{number}"}}


def write(path: Path, lines: Iterable[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
    return path


class Desk:
    """Somebody who imports files into a running service."""

    def __init__(self, service: Service, clock: StillClock, simulator: Simulator) -> None:
        self.service, self.clock, self.simulator = service, clock, simulator

    def what(self, history_after: timedelta) -> ImportSource:
        return ImportSource(
            shop="shop", zone=self.service.clock.now().tzinfo, now=self.clock.now(), history_after=history_after
        )  # type: ignore[arg-type]

    async def run(self, path: Path, *, history_after: timedelta = timedelta(days=2)) -> Totals:
        with self.what(history_after).entries(path) as reading, RefusedRows(path) as refused:
            moved = lambda totals, position: None  # noqa: E731
            return await Import(self.service.committer, self.service.reader, refused, moved).run(reading)

    async def look(self, path: Path, *, history_after: timedelta = timedelta(days=2)) -> tuple[Preview, list[str]]:
        texts: list[str] = []
        preview = Preview(
            rulebook=self.service.rulebook,
            clock=self.clock,
            reader=self.service.reader,
            price=self.service.config.sms.price.of,
            on_text=lambda message, order: texts.append(message.template),
            on_call=lambda call: None,
            on_refused=lambda line, reason: None,
            on_progress=lambda totals, position: None,
        )
        with self.what(history_after).entries(path) as reading:
            await preview.run(reading)
        return preview, texts

    async def sent(self) -> int:
        """How many texts have left by now; none of them twice."""
        await send_all(self.service, self.clock)
        assert len({message.localid for message in self.simulator.messages}) == len(self.simulator.messages)
        return len(self.simulator.messages)


@pytest.fixture
def desk(service: Service, clock: StillClock, simulator: Simulator) -> Desk:
    return Desk(service, clock, simulator)


@BOTH
async def test_events_are_imported_once(desk: Desk, clock: StillClock, api: ApiUser, tmp_path: Path) -> None:
    lines = [line for n in range(300) for line in (paid(clock, n), then(clock, E.PACKED, n))]
    file = write(tmp_path / "orders.jsonl", lines)
    totals = await desk.run(file)
    assert (totals.taken, totals.refused, totals.known, totals.waiting) == (600, 0, 0, 0)
    assert (await api.get("/orders/I7")).body["stage"] == "packed"
    assert len(await api.items("/orders")) == 300
    assert len(await api.items("/messages")) == totals.texts
    again = await desk.run(file)
    assert (again.taken, again.known) == (0, 600)
    assert len(await api.items("/messages")) == totals.texts


async def test_an_edited_file_brings_only_what_is_new(desk: Desk, clock: StillClock, tmp_path: Path) -> None:
    lines = [paid(clock, n) for n in range(5)]
    await desk.run(write(tmp_path / "orders.jsonl", lines))
    lines = [then(clock, E.PACKED, 3), *reversed(lines), lines[0]]
    totals = await desk.run(write(tmp_path / "orders.jsonl", lines))
    assert (totals.taken, totals.known) == (1, 6)
    assert await desk.sent() == 6


async def test_what_is_old_is_history_only(
    desk: Desk, clock: StillClock, api: ApiUser, tmp_path: Path, shop: StandardShop
) -> None:
    old = timedelta(days=40)
    lines = [paid(clock, 1, ago=old), then(clock, E.SHIPPED, 1, ago=old), paid(clock, 2, ago=timedelta(hours=3))]
    totals = await desk.run(write(tmp_path / "orders.jsonl", lines))
    assert (totals.taken, totals.past, totals.texts) == (3, 2, 1)
    story = (await api.get("/orders/I1")).body
    assert (story["stage"], story["prepaid"], story["messages"], story["calls"]) == ("shipped", True, [], [])
    assert {line["reason"] for line in story["timeline"] if line["kind"] == "suppressed"} == {"past"}
    assert (await shop.post(lines[1])).body["messages"] == []  # known: the shop may repeat it
    assert [text["template"] for text in (await shop.post(then(clock, E.DELIVERED, 1))).body["messages"]]
    assert await desk.sent() == 2


@BOTH
async def test_old_events_before_their_order_stay_untold(
    desk: Desk, clock: StillClock, api: ApiUser, tmp_path: Path
) -> None:
    old = timedelta(days=40)
    first = write(tmp_path / "a.jsonl", [then(clock, E.SHIPPED, 1, ago=old), then(clock, E.DELIVERED, 1, ago=old)])
    assert (await desk.run(first)).waiting == 2
    totals = await desk.run(write(tmp_path / "b.jsonl", [paid(clock, 1, ago=old + timedelta(days=1))]))
    assert totals.past == 1
    assert (await api.get("/orders/I1")).body["stage"] == "delivered"
    assert await desk.sent() == 0


async def test_everything_can_be_told_or_nothing(desk: Desk, clock: StillClock, tmp_path: Path) -> None:
    file = write(tmp_path / "orders.jsonl", [paid(clock, 1, ago=timedelta(days=40))])
    silent = write(tmp_path / "silent.jsonl", [paid(clock, 2, ago=timedelta(seconds=1))])
    assert (await desk.run(file, history_after=timedelta(days=3650))).texts == 1
    assert (await desk.run(silent, history_after=timedelta())).texts == 0


async def test_refused_lines_are_written_down(desk: Desk, clock: StillClock, tmp_path: Path) -> None:
    lines = [paid(clock, 1, id="e1"), {"type": "order.lost"}, paid(clock, 2, id="e1"), paid(clock, 3)]
    file = write(tmp_path / "orders.jsonl", lines)
    totals = await desk.run(file)
    assert (totals.taken, totals.refused) == (2, 2)
    report = tmp_path / "orders.jsonl.refused.jsonl"
    told = sorted((json.loads(line) for line in report.read_text().splitlines()), key=lambda one: one["line"])
    assert [(one["line"], one["given"]) for one in told] == [(2, lines[1]), (3, lines[2])]
    assert "type: " in told[0]["reason"]
    assert "another content" in told[1]["reason"]
    assert report.stat().st_mode & 0o077 == 0
    await desk.run(write(file, [lines[0]]))
    assert not report.exists()


@BOTH
async def test_tracking_codes_reach_their_customers(
    desk: Desk, clock: StillClock, api: ApiUser, shop: StandardShop, simulator: Simulator, tmp_path: Path
) -> None:
    for number in range(3):
        await shop.post(paid(clock, number))
    before = await desk.sent()
    file = tmp_path / "tracking.csv"
    text = "شماره سفارش;شرکت حمل;کد رهگیری\r\nI0;پست پیشتاز;" + CODE + "\r\nI1;تیپاکس;1,2E+23\r\nI2;تیپاکس;۷۷۷۷۷\r\n"
    file.write_bytes(text.encode("utf-16"))
    totals = await desk.run(file)
    assert (totals.taken, totals.texts, totals.refused) == (2, 2, 1)
    assert (await api.get("/orders/I2")).body["shipment"]["tracking_code"] == "77777"
    assert await desk.sent() == before + 2
    assert any(CODE in message.text for message in simulator.messages)
    with (tmp_path / "tracking.csv.refused.csv").open(encoding="utf-8-sig") as report:
        _, row = csv.reader(report)
    assert row[0] == "3"
    assert "Excel" in row[1]
    assert row[2:] == ["I1", "تیپاکس", "1,2E+23"]
    clock.turn(timedelta(days=8))  # longer than ids are remembered
    assert (await desk.run(file)).texts == 0
    assert await desk.sent() == before + 2


async def test_a_dry_run_shows_what_the_run_does(
    desk: Desk, clock: StillClock, api: ApiUser, redis: Redis, shop: StandardShop, tmp_path: Path
) -> None:
    await shop.post(paid(clock, 0))
    early, old = then(clock, E.PACKED, 1), timedelta(days=40)
    lines = [then(clock, E.PACKED, 0), early, paid(clock, 1), paid(clock, 2, ago=old), paid(clock, 1), {}]
    lines += [then(clock, E.PACKED, 9), paid(clock, 3, id="a"), paid(clock, 4, id="a")]
    file = write(tmp_path / "orders.jsonl", lines)
    before = {key: await redis.dump(key) for key in await redis.keys()}
    preview, texts = await desk.look(file)
    assert {key: await redis.dump(key) for key in await redis.keys()} == before
    assert not RefusedRows(file).path.exists()
    shown = preview.totals
    totals = await desk.run(file)
    for name in ("taken", "past", "known", "waiting", "refused", "line"):
        assert getattr(shown, name) == getattr(totals, name), name
    stored = await api.items("/messages")
    assert len(stored) == len(texts) + 1  # that of the order before
    assert preview.cost > 0
    after, none = await desk.look(file)
    assert none == []
    assert after.totals.known == shown.taken + shown.waiting + shown.known


async def test_a_store_that_comes_back_is_waited_for(
    desk: Desk, clock: StillClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, refusals = type(desk.service.committer).submit, iter(range(3))

    async def shaky(self: Any, delivery: Any) -> Any:
        if next(refusals, None) is not None:
            raise StoreAway("away")
        return await submit(self, delivery)

    monkeypatch.setattr(type(desk.service.committer), "submit", shaky)
    monkeypatch.setattr("notifier.importing.running._PAUSES", [timedelta()])
    totals = await desk.run(write(tmp_path / "orders.jsonl", [paid(clock, n) for n in range(5)]))
    assert totals.taken == 5


@pytest.fixture
def environment(redis_url: str) -> dict[str, str]:
    """For the command in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
    return kept | {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__SMS__NAMESPACE": "test",
        "NOTIFIER__REDIS__URL": redis_url,
        "NOTIFIER_CONFIG": str(Path(__file__).parents[2] / "config.toml"),
        "COLUMNS": "200",
    }


@asynccontextmanager
async def notifier(environment: dict[str, str], *arguments: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command line, ended at the end whatever happens."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notifier", *map(str, arguments)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(environment: dict[str, str], *arguments: object) -> tuple[int | None, str]:
    async with notifier(environment, *arguments) as process:
        said, _ = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, said.decode()


async def orders_there(redis: Redis, count: int) -> None:
    """Wait until so many orders are in the store."""
    async with asyncio.timeout(60):
        while await redis.zcard(Keys(0).orders) < count:
            pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
async def test_an_import_that_is_ended_goes_on_where_it_was(
    desk: Desk, clock: StillClock, redis: Redis, environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    lines = [line for n in range(1500) for line in (paid(clock, n), then(clock, E.PACKED, n))]
    file = write(tmp_path / "orders.jsonl", lines)
    everything = ("import", file, "--history-after", "36500d", "--yes")
    async with notifier(environment, *everything) as process:
        await orders_there(redis, 100)
        process.send_signal(number)
        said, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGINT:
        assert "run the same command again" in said.decode()
    done = await redis.zcard(Keys(0).orders)
    assert 100 <= done < 1500
    code, told = await run(environment, *everything)
    assert (code, "known already" in told) == (0, True), told
    assert await redis.zcard(Keys(0).orders) == 1500
    again = await desk.run(file, history_after=timedelta(days=36500))
    assert (again.taken, again.known) == (0, 3000)
    stages = [json.loads(await redis.get(Keys(0).order("shop", f"I{n}"))) for n in range(0, 1500, 97)]
    assert all(set(order["news"]) == {"payment.succeeded", "order.packed"} for order in stages)
    queued = await redis.zcard(Keys(0).messages("queued"))
    assert queued == 3000  # each said once: by an id of its own


@pytest.fixture
def typed(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The command line in this process; to be called outside of a running loop."""
    monkeypatch.setattr(logs, "configure", lambda **_: None)  # it would last longer than this test

    def invoke(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(one) for one in arguments], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, " ".join(result.output.replace("│", " ").split())

    return invoke


async def test_the_command_says_what_it_did(
    typed: Callable[..., tuple[int, str]],
    environment: dict[str, str],
    clock: StillClock,
    redis: Redis,
    tmp_path: Path,
) -> None:
    file = write(tmp_path / "orders.jsonl", [paid(clock, 1), {"type": "order.lost"}])
    everything = ("import", file, "--history-after", "36500d")
    code, said = await asyncio.to_thread(typed, *everything, "--dry-run")
    assert code == 1
    for part in ("0912***0001", "payment_succeeded_tehran", "line 2 refused", "rial", "nothing was written", "call "):
        assert part in said
    assert "09120000001" not in said
    assert await redis.zcard(Keys(0).orders) == 0
    code, said = await run(environment, *everything)  # nobody is there to be asked
    assert code == 2
    assert "--yes" in said
    assert "سارا محمدی" in said
    assert await redis.zcard(Keys(0).orders) == 0
    code, said = await run(environment, *everything, "--yes")
    assert code == 1
    assert "1 event imported: 1 text" in said
    assert f"1 line refused; see {file}.refused.jsonl" in said


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("import", "table.csv"), "no column for the order"),
    (("import", "x.pdf"), "must end in"),
    (("import", "none.csv"), "there is no none.csv"),
    (("import", "table.csv", "--source", "nobody"), "there are: shop, woo"),
    (("import", "table.csv", "--history-after", "soon"), "length of time"),
    (("events", "replay"), "give ids, or --all"),
    (("events", "replay", "1", "--status", "422"), "go with --all"),
    (("events", "show", "1"), "there is no kept delivery"),
    (("events", "list", "--source", "nobody"), "there are: shop, woo"),
]


@pytest.mark.usefixtures("redis")  # empty: what another test left lies in other partitions
@pytest.mark.parametrize(("arguments", "hint"), MISTAKES, ids=[hint for _, hint in MISTAKES])
def test_a_user_s_mistake_is_said(
    typed: Callable[..., tuple[int, str]],
    arguments: tuple[str, ...],
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "x.pdf").touch()
    monkeypatch.chdir(tmp_path)
    code, said = typed(*arguments, *(("--dry-run",) if arguments[0] == "import" else ()))
    assert code == 2
    assert hint in said


async def test_refused_deliveries_from_the_command_line(
    typed: Callable[..., tuple[int, str]], shop: StandardShop, service: Service, api: ApiUser
) -> None:
    stranger = StandardShop(shop.client, shop.clock, secret="whsec_b3RoZXIgb3RoZXIgb3RoZXI=")
    await stranger.post(standard_fixture("payment.succeeded__tehran_online"), event_id="msg_1")
    await shop.post({"type": "order.lost"}, event_id="msg_2")
    await service.rejections.write()
    ids = {item["status"]: item["id"] for item in (await api.get("/deliveries")).body["items"]}

    async def events(*arguments: str) -> tuple[int, str]:
        return await asyncio.to_thread(typed, "events", *arguments)

    code, said = await events("list")
    assert code == 0
    assert all(one in said for one in ids.values())
    code, said = await events("show", ids[422])
    assert code == 0
    for part in ("webhook-id: msg_2", '"type": "order.lost"', "timestamp: Field required", "mended, under a new id"):
        assert part in said
    code, said = await events("replay", "--all")
    assert code == 1
    assert "--trust" in said
    assert "refused again" in said
    assert "0 replayed, 2 left" in said
    code, said = await events("replay", "--all", "--status", "401", "--trust")
    assert (code, "taken (payment.succeeded of order 10025)" in said) == (0, True), said
    assert (await api.get("/orders/10025")).status == 200
    code, said = await events("replay", ids[401])
    assert (code, "replayed already" in said) == (0, True)
    assert [item["status"] for item in await api.items("/deliveries")] == [422]


async def test_an_import_beside_the_running_service(
    desk: Desk,
    clock: StillClock,
    redis: Redis,
    make_config: Callable[..., Any],
    aiohttp_client: Callable[..., Awaitable[Client]],
    tmp_path: Path,
) -> None:
    """The same events by webhook and by import, at once and in two processes' services: each is told once."""
    async with Service(make_config(), clock=clock, roles=[WEB]) as other:
        shop = StandardShop(await aiohttp_client(other.app), clock)
        lines = [paid(clock, n) for n in range(60)]
        file = write(tmp_path / "orders.jsonl", lines)
        totals, *answers = await asyncio.gather(desk.run(file), *(shop.post(line) for line in lines))
    assert totals.taken == 60
    assert {answer.status for answer in answers} == {202}
    assert await desk.sent() == 60
