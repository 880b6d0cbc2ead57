"""Four processes tick one Redis; one of them is killed in the middle. Each reminder goes out once, and none is lost."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from call_fixtures import BOSS, REZA, SARA
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.calls import CallRequest, CallState, Purpose
from notifier.domain.messages import Audience, MessageState
from notifier.service.process import Service
from notifier.store.keys import Keys

pytestmark = pytest.mark.process

CALLS = 400
WORKER = Path(__file__).parent.parent / "reminders_process.py"


@asynccontextmanager
async def workers(count: int, url: str, at: str) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Processes that tick as fast as they can, at a time that stands; each says when it has begun."""
    path = os.pathsep.join([str(WORKER.parent), str(WORKER.parents[1])])
    environment = os.environ | {"PYTHONPATH": path}
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(WORKER), url, at, env=environment, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(count)
    ]
    try:
        yield running
    finally:
        for process in running:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.mark.timeout(120)
async def test_four_workers_and_a_kill(service: Service, redis: Redis, redis_url: str, clock: StillClock) -> None:
    for one in (SARA, REZA, BOSS):
        await service.staff.put(one)
    now, keys = clock.now(), Keys(0)
    for number in range(CALLS):
        call = CallRequest(
            id=str(1000 + number),
            purpose=Purpose.REASSURANCE,
            order_id="",
            source="shop",
            phone=f"0912{number:07}",
            name="مشتری",
            due_at=now + timedelta(minutes=1),
            created_at=now,
        )
        await service.calling.book.plan(keys, call)
    at = (now + timedelta(minutes=1)).isoformat()
    async with workers(4, redis_url, at) as running:
        for process in running:
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
        await redis.set("test:go", 1)
        while await redis.zcard(keys.calls(CallState.SCHEDULED)) > CALLS * 3 // 4:  # noqa: ASYNC110
            await asyncio.sleep(0)
        running[0].send_signal(signal.SIGKILL)
        await running[0].wait()
        async with asyncio.timeout(60):
            while await redis.zcard(keys.calls(CallState.SCHEDULED)) or await redis.hlen(keys.owed):  # noqa: ASYNC110
                await asyncio.sleep(0)

    assert await redis.zcard(keys.calls(CallState.DUE)) == CALLS
    page = await service.reader.page([(keys, keys.messages(MessageState.QUEUED))], after=None, size=1000)
    texts = [one.message for one in await service.reader.messages(page.members)]
    assert {text.audience for text in texts} == {Audience.STAFF}
    assert {text.to for text in texts} <= {SARA.phone, REZA.phone}
    posted = [json.loads(entry)["body"]["data"]["calls"] for entry in await redis.hvals(keys.news("tool"))]
    assert len(posted) >= len(texts), "every text is posted, too; one about very many calls in parts"
    about = Counter(call["id"] for calls in posted for call in calls)
    assert about == Counter({str(1000 + number): 1 for number in range(CALLS)})
