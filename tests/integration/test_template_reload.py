"""Changed template files are taken up while the service runs, all of them or none, and each version stays known."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from notifier.clock import TEHRAN, SystemClock
from notifier.config import Config
from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.sms.templates import Templates
from notifier.store.embedded import EmbeddedRedis
from notifier.texts import loading, versions
from notifier.texts.reload import Reloader

ROOT = Path(__file__).parents[2]
SECRETS = ("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET", "KAVENEGAR_API_KEY")


class Watched:
    """A folder of templates that a service looks at."""

    def __init__(self, config: Config, redis: Redis) -> None:
        self.config, self.redis, self.alerts = config, redis, list[tuple[str, str]]()
        self.templates = Templates(loading.load(config))
        self.reloader = Reloader(config, self.templates, redis, SystemClock(TEHRAN), self._alert, offline.require)

    async def _alert(self, kind: str, text: str) -> None:
        self.alerts.append((kind, text))

    def write(self, name: str, text: str) -> None:
        path = self.config.templates_folder / f"{name}.txt"
        source = path.read_text(encoding="utf-8")
        path.write_text(source.replace("سفارش", text), encoding="utf-8")

    async def settle(self) -> None:
        """Two looks: files are used once they have not changed between them."""
        await self.reloader.tick()
        await self.reloader.tick()


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    for name in SECRETS:
        monkeypatch.setenv(name, "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0")
    shutil.copy(ROOT / "config.toml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    server = EmbeddedRedis(tmp_path / "data", durability="everysec")
    redis = Redis(unix_socket_path=str(server.start()))
    watched = Watched(load(tmp_path / "config.toml", environment={}), redis)
    await watched.reloader.begin()
    await watched.settle()
    yield watched
    await redis.aclose()
    server.stop()


async def test_changed_files_are_taken_up_together(watched: Watched) -> None:
    before = {name: watched.templates[name].version for name in ("order_packed", "order_preparing", "order_returned")}
    watched.write("order_packed", "بستهٔ")
    await watched.reloader.tick()
    assert watched.templates["order_packed"].version == before["order_packed"]  # it may not be finished yet
    watched.write("order_preparing", "بستهٔ")
    await watched.settle()
    after = {name: watched.templates[name].version for name in before}
    assert [name for name in before if before[name] != after[name]] == ["order_packed", "order_preparing"]
    assert watched.alerts == []


async def test_a_broken_file_keeps_all_the_old_ones_and_is_told_once(watched: Watched) -> None:
    before = dict(watched.templates)
    watched.write("order_packed", "{{ ordre }}")
    watched.write("order_preparing", "بستهٔ")
    await watched.settle()
    await watched.settle()
    assert dict(watched.templates) == before
    assert [kind for kind, _ in watched.alerts] == ["templates"]
    assert (
        watched.alerts[0][1].splitlines()[1] == "order_packed.txt, line 12: unknown variable ordre; did you mean order?"
    )
    watched.write("order_packed", "")
    path = watched.config.templates_folder / "order_packed.txt"
    path.write_text(before["order_packed"].source, encoding="utf-8")
    await watched.settle()
    assert watched.templates["order_packed"].version == before["order_packed"].version
    assert watched.templates["order_preparing"].version != before["order_preparing"].version
    assert len(watched.alerts) == 1


async def test_a_template_the_policy_needs_may_not_vanish(watched: Watched) -> None:
    (watched.config.templates_folder / "order_packed.txt").unlink()
    await watched.settle()
    assert "order_packed" in watched.templates
    assert len(watched.alerts) == 1


async def test_a_shop_may_get_its_own_text_while_the_service_runs(watched: Watched) -> None:
    folder = watched.config.templates_folder
    (folder / "woo").mkdir()
    shutil.copy(folder / "order_packed.txt", folder / "woo")
    await watched.settle()
    assert "woo/order_packed" in watched.templates


async def test_every_version_that_was_used_stays_known(watched: Watched) -> None:
    old = watched.templates["order_packed"]
    watched.write("order_packed", "بستهٔ")
    await watched.settle()
    new = watched.templates["order_packed"]
    used = await versions.in_use(watched.redis)
    assert used["order_packed"].version == new.version
    assert used.keys() == watched.templates.keys()
    kept = await versions.get(watched.redis, "order_packed", old.version)
    assert kept is not None
    assert kept.source == old.source
    assert await versions.get(watched.redis, "order_packed", "00000000") is None


async def test_the_difference_to_what_is_in_use(watched: Watched) -> None:
    assert versions.changes(await versions.in_use(watched.redis), loading.load(watched.config)) == []
    old = watched.templates["order_packed"].version
    watched.write("order_packed", "بستهٔ")
    loaded = loading.load(watched.config)
    [change] = versions.changes(await versions.in_use(watched.redis), loaded)
    assert (change.template, change.before, change.after) == ("order_packed", old, loaded["order_packed"].version)
    lines = change.diff
    assert lines[0].startswith(f"--- order_packed {old}\tin use since ")
    assert lines[1].startswith(f"+++ order_packed {loaded['order_packed'].version}\t")
    assert [line[0] for line in lines if "بسته\u200cبندی" in line] == ["-", "+"]
