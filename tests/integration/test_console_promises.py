"""Promises changed in the console: the very configuration file, with its comments, checked, and taken up by all."""

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import Desk, hire
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.promises import PromiseCell
from notifier.domain.events import EventType
from notifier.service.process import WEB, Service
from notifier.store.audit import Act, Wanted, read

ROOT = Path(__file__).parents[2]
CELL = ("tehran.online", "order.packed")
LATER = {"sms": [{"template": "payment_refunded", "after": "2h"}]}
MakeConfig = Callable[..., Config]


@pytest.fixture
def config(make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in ("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET", "KAVENEGAR_API_KEY"):  # as where a service runs
        monkeypatch.setenv(name, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return make_config(Path(shutil.copy(ROOT / "config.toml", tmp_path)))


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


def rule(config: Config, block: str, key: str) -> Any:
    found: Any = tomllib.loads(config.file.read_text())["policy"]
    for part in block.split("."):
        found = found[part]
    return found.get(key)


async def save(desk: Desk, block: str, key: str, *fields: tuple[str, str], base: str | None = None) -> Any:
    """Send a form as the page of a cell has it: fields may come several times."""

    data = [("csrf", desk.boss.csrf), ("base", base or _base(desk, block, key)), *fields]
    page = await desk.boss._ask("POST", f"/promises/{block}/{key}", data=data)
    if page.status == 303:
        return await desk.boss.get(page.headers["Location"].removeprefix("/console"))
    return page


def _base(desk: Desk, block: str, key: str) -> str:
    editor = desk.service.promises
    return editor.fingerprint(PromiseCell(tuple(block.split(".")), key))


def line(kind: str, name: str, after: str = "", unit: str = "m", when: str = "always") -> list[tuple[str, str]]:
    return [(kind, name), (f"{kind}_after", after), (f"{kind}_unit", unit), (f"{kind}_when", when)]


async def test_the_table_says_all_promises(desk: Desk) -> None:
    page = await desk.sara.get("/promises")
    assert page.status == 200
    for said in (
        "تهران، آنلاین",
        "شهرهای دیگر",
        "سفارش رایگان",
        "۱۵ دقیقه بعد",
        "۳۰ دقیقه بعد",
        "هر پیامک و تماس منتظر",
    ):
        assert said in page.words, said
    assert "/console/promises/tehran.online" not in page.text  # agents change nothing
    assert "/console/promises/tehran.online/order.packed" in (await desk.boss.get("/promises")).text
    assert (await desk.sara.get("/promises/tehran.online/order.packed")).status == 403
    assert (await desk.sara.post("/promises/tehran.online/order.packed")).status == 403


async def test_a_cell_is_written_with_comments_kept_and_holds_at_once(desk: Desk, config: Config) -> None:
    before = config.file.read_text().splitlines()
    page = await desk.boss.get("/promises/tehran.online/order.packed")
    assert page.status == 200
    page = await save(
        desk, *CELL, *line("sms", "order_packed"), *line("sms", ""), *line("call", "reassurance", "۴۵", "m", "prepaid")
    )
    assert page.status == 200, page.words
    assert "قول تازه ذخیره شد" in page.words
    assert rule(config, *CELL) == {
        "sms": ["order_packed"],
        "calls": [{"purpose": "reassurance", "after": "45m", "when": "prepaid"}],
    }
    after = config.file.read_text().splitlines()
    assert len(after) == len(before)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    await desk.event(EventType.PAID)
    told = await desk.event(EventType.PACKED)
    assert [call["purpose"] for call in told["calls"]] == ["reassurance"]
    (entry,) = [one async for _, one in read(desk.service.reader, Wanted()) if one.act is Act.PROMISES_CHANGED]
    assert (entry.by, entry.about) == ("boss", "tehran.online order.packed")
    assert "45m" in entry.more


@pytest.mark.parametrize(
    ("block", "key", "fields", "wanted"),
    [
        ("tehran.online", "order.packed", [], None),
        ("free", "payment.refunded", line("sms", "payment_refunded", "2", "h"), LATER),
        ("otherwise", "calls", line("call", "callback", "1", "d"), [{"purpose": "callback", "after": "1d"}]),
        ("otherwise", "calls", [], None),
        ("tehran.cash", "revived", line("sms", "order_revived"), ["order_revived"]),
        ("tehran.cash", "order.packed", [("cancel", "coordination"), ("cancel", "*")], {"cancel": ["*"]}),
    ],
)  # fmt: skip
async def test_cells_of_every_kind(
    desk: Desk, config: Config, block: str, key: str, fields: list[tuple[str, str]], wanted: Any
) -> None:
    page = await save(desk, block, key, *fields)
    assert page.status == 200, page.words
    assert rule(config, block, key) == wanted


async def test_the_settings_of_a_group(desk: Desk, config: Config) -> None:
    page = await save(desk, "tehran.online", "settings", ("priority", "normal"), ("needs_payment", "yes"))
    assert page.status == 200, page.words
    assert rule(config, "tehran.online", "priority") is None
    assert rule(config, "tehran.online", "needs_payment") is True
    await desk.event(EventType.PAID)
    order = await desk.service.reader.order("shop", "10025")
    assert order is not None
    assert order.priority == "normal"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (line("sms", "order_packed", "abc"), "عدد نیست"),
        (line("sms", "order_packed", "-5"), "عدد نیست"),
        (line("sms", "order_packed", "99999999999999999999"), "عدد نیست"),
        (line("sms", "order_packed", "5", "weeks"), "عدد نیست"),
        (line("sms", "order_packed", "5", "m", "sometimes"), "شرط"),
        (line("sms", "nothing_of_ours"), "چیزی عوض نشد"),
        (line("call", "nothing_of_ours"), "منظور"),
        ([("cancel", "nothing_of_ours")], "چیزی عوض نشد"),
    ],
)
async def test_what_check_refuses_changes_nothing(
    desk: Desk, config: Config, fields: list[tuple[str, str]], said: str
) -> None:
    before = config.file.read_bytes()
    page = await save(desk, *CELL, *fields)
    assert page.status == 422, page.words
    assert said in page.words
    assert config.file.read_bytes() == before
    assert sorted(one.name for one in config.file.parent.iterdir() if one.name.startswith(".")) == []


async def test_somebody_elses_newer_promise_is_a_conflict(desk: Desk, config: Config) -> None:
    base = _base(desk, *CELL)
    await save(desk, *CELL, *line("call", "reassurance", "45"))
    page = await save(desk, *CELL, *line("call", "satisfaction", "10"), base=base)
    assert page.status == 409
    assert "۴۵ دقیقه بعد" in page.words
    assert 'value="satisfaction" selected' in page.text
    assert rule(config, *CELL)["calls"] == [{"purpose": "reassurance", "after": "45m"}]


async def test_other_cells_changed_meanwhile_are_no_conflict(desk: Desk, config: Config) -> None:
    base = _base(desk, *CELL)
    text = config.file.read_text()
    config.file.write_text(text.replace("[policy.free]", "# a note of ours\n[policy.free]"))
    assert (await save(desk, *CELL, *line("call", "reassurance"), base=base)).status == 200
    assert "# a note of ours" in config.file.read_text()


async def test_other_processes_read_the_file_again(desk: Desk, config: Config, clock: StillClock, redis: Redis) -> None:
    async with Service(config, clock=clock, roles=[WEB]) as other:
        await other.settings.tick()
        before = dict(other.config.policy.blocks())["tehran", "online"].rule(EventType.PACKED)
        await save(desk, *CELL, *line("call", "reassurance"))
        await other.settings.tick()
        after = dict(other.config.policy.blocks())["tehran", "online"].rule(EventType.PACKED)
        assert (len(before.calls), len(after.calls)) == (0, 1)


async def test_a_file_that_cannot_be_written_is_read_only(
    desk: Desk, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.store.replacing.os.access", lambda path, mode: False)  # root may write everywhere
    page = await desk.boss.get("/promises")
    assert "فقط‌خواندنی" in page.words
    assert "/console/promises/tehran.online" not in page.text
    before = config.file.read_bytes()
    assert (await save(desk, *CELL, *line("call", "reassurance"))).status == 409
    assert config.file.read_bytes() == before


@pytest.mark.parametrize(
    "path", ["/promises/nowhere/order.packed", "/promises/tehran.online/nothing", "/promises/a.b.c/calls"]
)
async def test_what_there_is_not(desk: Desk, path: str) -> None:
    assert (await desk.boss.get(path)).status == 404


async def test_a_file_that_is_broken_meanwhile(desk: Desk, config: Config) -> None:
    base = _base(desk, *CELL)
    config.file.write_text(config.file.read_text() + "\n[broken")
    assert (await desk.boss.get("/promises/tehran.online/order.packed")).status == 503
    before = config.file.read_bytes()
    assert (await save(desk, *CELL, *line("call", "reassurance"), base=base)).status == 409
    assert config.file.read_bytes() == before
