"""The worked examples on the page about any shop: loaded as they stand there, checked, and posted."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
from doc_blocks import blocks, files
from mapping_shop import MappedShop
from redis.asyncio import Redis
from shops import ApiUser, Client
from typer.testing import CliRunner

from notifier.cli import app
from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.config.mapping import MappingSource
from notifier.practice import mapping
from notifier.service.process import WEB, Service

ROOT = Path(__file__).parents[2]
PAGE = "how-to/any-shop.md"
MakeConfig = Callable[..., Config]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration as it ships, with the page's sections at its end and the page's samples beside it."""
    for name in ("PRESTASHOP_WEBHOOK_SECRET", "BAZAAR_WEBHOOK_TOKEN"):
        monkeypatch.setenv(name, f"the-tests-{name}")
    monkeypatch.setenv("SHOP_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("WOO_WEBHOOK_SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
    monkeypatch.setenv("NOTIFIER__SMS__PROVIDER", "simulator")
    written = files(PAGE)
    parts = [(ROOT / "config.toml").read_text().replace('folder = "templates"', f'folder = "{ROOT / "templates"}"')]
    parts += [text for name, text in written.items() if name.endswith(".toml")]
    (tmp_path / "config.toml").write_text("\n".join(parts))
    for name, text in written.items():
        if not name.endswith(".toml"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
    return tmp_path / "config.toml"


def test_check_says_what_the_page_says(file: Path) -> None:
    (said,) = [text for language, text in blocks(PAGE) if language == "console"]
    result = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert result.exit_code == 0, result.output
    assert [line for line in result.output.splitlines() if line.startswith("sample ")] == said.splitlines()
    assert not [line for line in result.output.splitlines() if line.startswith("error")]


def test_both_pages_show_the_same_examples() -> None:
    assert len(files(PAGE)) == 7
    assert blocks(PAGE) == blocks("how-to/any-shop.fa.md")


async def test_what_becomes_of_the_samples(
    file: Path,
    make_config: MakeConfig,
    redis: Redis,
    clock: StillClock,
    aiohttp_client: Callable[..., Awaitable[Client]],
) -> None:
    clock.turn_to(datetime(2026, 11, 23, 18, tzinfo=TEHRAN))
    config = make_config(file)
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        told = {}
        for name, sample in mapping.every(config):
            source = config.sources[name]
            assert isinstance(source, MappingSource)
            shop = MappedShop(client, clock, source.scheme(), name)
            kind = mapping.content_type(sample.body)
            answer = await shop.post(sample.body, content_type=kind)
            assert answer.status == 202, answer.body
            told[sample.file.name] = [message["template"] for message in answer.body["messages"]]
            assert (await shop.post(sample.body, content_type=kind)).status == 200
            assert (await shop.send(sample.body, {"content-type": kind})).status == 401
        api = ApiUser(client)
        transfer = (await api.get("/orders/F-77?source=bazaar")).body
        parcel = (await api.get("/orders/812?source=prestashop")).body
    assert told == {
        "paid.json": ["payment_succeeded_tehran"],
        "shipped.json": ["order_shipped_tehran"],
        "cod.json": ["order_preparing"],
        "registered.form": ["order_registered_transfer", "deposit_reminder"],
        "deposit.form": ["deposit_reported"],
    }
    assert (transfer["payment"]["method"], transfer["payment"]["amount"]) == ("bank_transfer", 24_000_000)
    assert (parcel["payment"]["amount"], parcel["customer"]["phone"]) == (185_000_000, "09121234567")
