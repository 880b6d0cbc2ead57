"""Texts written anew in the console: the same file, checked, with its history, whoever else writes it."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from console_browser import Desk, Page, hire
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.service.process import WEB, Service
from notifier.store.audit import Act, Wanted, read
from notifier.store.keys import Keys

ROOT = Path(__file__).parents[2]
NAME = "order_packed"
MakeConfig = Callable[..., Config]


@pytest.fixture
def config(make_config: MakeConfig, tmp_path: Path) -> Config:
    """A configuration of the test's own, whose files it may write."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return make_config(Path(shutil.copy(ROOT / "config.toml", tmp_path)))


@pytest.fixture
def file(config: Config) -> Path:
    return config.templates_folder / f"{NAME}.txt"


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


def said(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def write(file: Path, source: str) -> None:
    file.write_text(source, encoding="utf-8")


def head(source: str) -> str:
    return source[: source.index("\n+++\n", 4) + 5]


async def version(desk: Desk) -> str:
    return desk.service._templates[NAME].version


async def save(desk: Desk, words: str, **more: str) -> Page:
    form = {"words": words, "base": await version(desk)} | more
    return await desk.boss.post(f"/texts/{NAME}/edit", **form)


async def test_a_text_is_written_into_its_file_and_used_at_once(desk: Desk, file: Path) -> None:
    before = said(file)
    page = await desk.boss.get(f"/texts/{NAME}/edit")
    assert page.status == 200
    assert before.splitlines()[-1] in page.text
    page = await save(desk, "سفارش {{ order }} بسته شد.\r\n{{ shop }}\r\n\r\n")
    assert page.status == 200, page.words
    assert "متن تازه ذخیره شد" in page.words
    assert said(file) == f"{head(before)}سفارش {{{{ order }}}} بسته شد.\n{{{{ shop }}}}\n"
    assert sorted(path.name for path in file.parent.iterdir()) == sorted(
        path.name for path in (ROOT / "templates").iterdir()
    )
    await desk.event(EventType.PAID)
    told = await desk.event(EventType.PACKED)
    stored = await desk.service.reader.messages([(Keys(0), message["id"]) for message in told["messages"]])
    assert any("بسته شد." in one.message.text for one in stored)


async def test_who_changed_what_when_and_back(desk: Desk, file: Path, clock: StillClock) -> None:
    before = said(file)
    first = await version(desk)
    await save(desk, "یکِ {{ order }}")
    await desk.tick(minutes=5)
    await save(desk, "دوِ {{ order }}")
    page = await desk.boss.get(f"/texts/{NAME}")
    assert page.words.count("ناهید") >= 2 or page.words.count("سرپرست") >= 2
    assert "<del>" in page.text
    assert "<ins>" in page.text
    back = await desk.boss.get(f"/texts/{NAME}/edit?version={first}")
    assert before.splitlines()[-2] in back.text or before.splitlines()[-1] in back.text
    words = before.split("\n+++\n", 1)[1]
    await save(desk, words)
    assert said(file) == before
    assert await version(desk) == first
    lines = [entry async for _, entry in read(desk.service.reader, Wanted()) if entry.act is Act.TEXT_EDITED]
    assert [(entry.by, entry.about) for entry in lines] == [("boss", NAME)] * 3
    assert (await desk.boss.get("/audit")).status == 200
    assert (await desk.boss.get(f"/texts/{NAME}/edit?version=00000000")).status == 404


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("سفارش {{ ordr }}", "شاید order باشد"),
        ("سفارش {{ order", "کامل نیست"),
        ("{% if name %}سلام", "کامل نیست"),
        ("", "خالی است"),
        (" \r\n ", "خالی است"),
        ("{% for a in name %}{{ a }}{% endfor %}", "نه حلقه"),
        ("{% set a = name ~ name %}{{ order }}", "نه حلقه"),
        ("{{ name|upper }}", "نه حلقه"),
        ("{{ name * 3 }}", "نه حلقه"),
        ("سفارش\x07 {{ order }}", "دیده نمی‌شود"),
        ("ب" * 4001, "بلندتر از"),
        ("{{" + "(" * 900 + "order" + ")" * 900 + "}}", "کامل نیست"),
    ],
)
async def test_a_bad_text_is_refused_in_words_and_kept(desk: Desk, file: Path, words: str, told: str) -> None:
    before = said(file)
    page = await save(desk, words)
    assert page.status == 422, page.words
    assert told in page.words
    assert said(file) == before
    kept = words.strip()[:20].replace("\x07", "")
    assert kept in page.text.replace("\x07", "")
    assert (await desk.boss.post(f"/texts/{NAME}/preview", words=words)).status == 200


async def test_somebody_elses_newer_version_is_shown_beside_ones_own(desk: Desk, file: Path) -> None:
    base = await version(desk)
    await save(desk, "متنِ نفر نخست {{ order }}")
    page = await desk.boss.post(f"/texts/{NAME}/edit", words="متنِ نفر دوم {{ order }}", base=base)
    assert page.status == 409
    assert "متنِ نفر نخست" in page.words
    assert "متنِ نفر دوم" in page.text
    assert "نفر نخست" in said(file)
    page = await save(desk, "متنِ نفر دوم {{ order }}")  # knowingly, over the newer one
    assert "نفر دوم" in said(file)


async def test_what_an_editor_wrote_meanwhile_is_a_conflict_too(desk: Desk, file: Path) -> None:
    base = await version(desk)
    write(file, f"{head(said(file))}از راه فایل {{{{ order }}}}\n")
    page = await desk.boss.post(f"/texts/{NAME}/edit", words="از راه صفحه {{ order }}", base=base)
    assert page.status == 409
    assert "از راه فایل" in page.words
    assert "از راه فایل" in said(file)


async def test_other_processes_take_it_up(desk: Desk, config: Config, clock: StillClock, redis: Redis) -> None:
    async with Service(config, clock=clock, roles=[WEB]) as other:
        await other.reloader.tick()
        await other.reloader.tick()
        await save(desk, "برای همه {{ order }}")
        await other.reloader.tick()
        await other.reloader.tick()
        assert other._templates[NAME].body.strip() == "برای همه {{ order }}"


async def test_a_preview_shows_parts_flaws_and_what_changed(desk: Desk) -> None:
    page = await desk.boss.post(f"/texts/{NAME}/preview", words="سفارش {{ order }} بسته بندي شد", sample="lettered")
    assert page.status == 200
    assert "DKP-1405/22-B" in page.text
    assert "۱ صفحه" in page.words
    assert "بسته‌بندی شد" in page.words
    assert "<ins>" in page.text


async def test_spelling_is_mended_without_saving(desk: Desk, file: Path) -> None:
    before = said(file)
    page = await save(desk, "سفارش {{ order }} بسته بندي شد", do="correct")
    assert "بسته‌بندی شد" in page.text
    assert said(file) == before


async def test_a_pattern_with_other_words_is_to_be_approved_anew(desk: Desk, file: Path) -> None:
    source = said(file)
    if "patterns" not in source and "pattern" not in head(source):
        source = source.replace(
            "\n+++\n", '\n[patterns.kavenegar]\nname = "packed"\ntokens = { token = "order" }\n+++\n', 1
        )
        write(file, source)
        await desk.service.reloader.take_up()
    page = await desk.boss.post(f"/texts/{NAME}/preview", words="سفارش {{ order }} دیگر شد.")
    assert "باید دوباره تأیید شود" in page.words
    assert "%token" in page.text
    page = await save(desk, "سفارش {{ order }} دیگر شد.")
    assert "باید دوباره تأیید شود" in page.words
    assert head(said(file)) == head(source)


async def test_agents_see_words_and_no_toml(desk: Desk) -> None:
    page = await desk.sara.get(f"/texts/{NAME}")
    assert page.status == 200
    for technical in ("+++", "audience", "patterns.", "{{", "{%"):
        assert technical not in page.text
    assert "ویرایش" not in page.words
    assert (await desk.sara.get(f"/texts/{NAME}/edit")).status == 403
    assert (await desk.sara.post(f"/texts/{NAME}/edit", words="x", base="x")).status == 403
    assert (await desk.sara.post(f"/texts/{NAME}/preview", words="x")).status == 403
    assert "templates" not in (await desk.sara.get("/texts")).words


async def test_no_other_file_is_reached(desk: Desk) -> None:
    for path in ("none", "../config", "..%2Fconfig", "shop/none"):
        assert (await desk.boss.get(f"/texts/{path}/edit")).status == 404


@pytest.fixture
async def without_reload(
    make_config: MakeConfig,
    clock: StillClock,
    redis: Redis,
    tmp_path: Path,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> AsyncIterator[Service]:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    config = make_config(Path(shutil.copy(ROOT / "config.toml", tmp_path)), templates__reload="0s")
    async with Service(config, clock=clock, roles=[WEB]) as running:
        yield running


async def test_where_nobody_would_hear_of_it_it_is_read_only(
    without_reload: Service, aiohttp_client: Callable[..., Awaitable[Client]], clock: StillClock
) -> None:
    client = await aiohttp_client(without_reload.app)
    await hire(without_reload)
    desk = Desk(client, StandardShop(client, clock), without_reload, clock)
    await desk.open()
    page = await desk.boss.get(f"/texts/{NAME}")
    assert "خواندن خودکار" in page.words
    page = await save(desk, "متن {{ order }}")
    assert page.status == 409
    assert "متن {{ order }}" in page.text


async def test_a_folder_that_cannot_be_written_is_read_only(
    desk: Desk, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.store.replacing.os.access", lambda path, mode: False)  # root may write everywhere
    page = await desk.boss.get(f"/texts/{NAME}")
    assert "فقط‌خواندنی" in page.words
    before = said(file)
    page = await save(desk, "متن {{ order }}")
    assert page.status == 409
    assert "فقط‌خواندنی" in page.words
    assert said(file) == before
