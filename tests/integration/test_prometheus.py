"""A real Prometheus beside a demo day: every expression of the dashboard and of the rules returns data."""

import asyncio
import json
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from redis_servers import free_port

pytestmark = [pytest.mark.process, pytest.mark.slow]

DEPLOY = Path(__file__).parents[2] / "deploy"
_LIMIT = 90  # seconds in which a quick day has brought all of it
_POLL = 0.5  # seconds between looks at a server that has no way of telling us
_COMPARISON = re.compile(r"(==|!=|>=|<=|<|>)(?!\s*bool)(?=\s)")


def queries() -> dict[str, str]:
    """Every expression by where it stands; of a rule's comparisons the outcome, as on a good day none holds."""
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    }
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            expression = rule["expr"].removeprefix("absent(notifier_store_up) or ")  # is data where the rest is not
            found[rule["alert"]] = _COMPARISON.sub(r"\1 bool", expression)
    return found


def settings(port: int) -> Any:
    """The example that ships, for a service on another port and for a day that takes seconds."""
    made = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    made["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    [job] = made["scrape_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    return made


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[str]:
    """The address of one that reads the figures of a demo."""
    if not (program := shutil.which("prometheus")):
        pytest.skip("there is no prometheus on this machine; Debian has it in the package of that name")
    port, own = free_port(), free_port()
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings(port)))
    shutil.copy(DEPLOY / "alerts.yml", tmp_path / "notifier-alerts.yml")
    started = [
        await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=DEVNULL, stderr=DEVNULL)
        for command in (
            [sys.executable, "-m", "notifier", "demo", "--port", str(port), "--pace", "0.2"],
            [
                *(program, "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
                *(f"--web.listen-address=127.0.0.1:{own}", "--log.level=error"),
            ],
        )
    ]
    try:
        yield f"http://127.0.0.1:{own}"
    finally:
        for process in started:
            process.send_signal(signal.SIGINT)
        for process in started:
            await process.wait()


@pytest.mark.timeout(180)
async def test_every_expression_returns_data_on_a_demo_day(prometheus: str) -> None:
    waiting = queries()
    assert len(waiting) > 60
    async with aiohttp.ClientSession(prometheus) as session, asyncio.timeout(_LIMIT + 30):
        for _ in range(int(_LIMIT / _POLL)):
            waiting = {where: query for where, query in waiting.items() if not await returns_data(session, query)}
            if not waiting:
                break
            await asyncio.sleep(_POLL)
        assert waiting == {}
        async with session.get("/api/v1/rules") as answer:
            groups = (await answer.json())["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}


async def returns_data(session: aiohttp.ClientSession, query: str) -> bool:
    """Raises AssertionError for a query that Prometheus does not understand."""
    try:
        async with session.get("/api/v1/query", params={"query": query}) as answer:
            told = await answer.json()
    except (aiohttp.ClientConnectionError, aiohttp.ContentTypeError):  # it has only just been started
        return False
    assert answer.status != 400, (query, told)
    return bool(answer.status == 200 and told["data"]["result"])
