"""A run with every fault: its log and every exception searched for the key and for whole phone numbers."""

import re
import traceback
from datetime import timedelta
from typing import Any

import pytest
import structlog
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.messages import Pattern
from notifier.observability import logs
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.providers import codes
from notifier.store.staff import Role, Staff, StaffBook

KEY = "K3Y-that-must-never-show-5f3a"
PHONE = re.compile(r"(?<!\d)(?:0|\+?98)?9[0-3]\d{8}(?!\d)")
KINDS = [
    Fault(kind="drop", times=1),
    Fault(kind="drop", accepted=True, times=1),
    Fault(kind="http_error", times=1),
    Fault(kind="broken_json", accepted=True, times=1),
    Fault(kind="hang", times=1),
    *(Fault(kind="code", code=code, times=1) for code in (*codes.CODES, 799)),
]


@pytest.mark.slow
async def test_neither_the_key_nor_a_whole_number_is_told(
    make_config: Any,
    simulator: Simulator,
    clock: StillClock,
    redis: Redis,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulator.api_key = KEY
    simulator.templates["packed"] = "سفارش %token"
    await StaffBook(redis).put(Staff(id="boss", name="Boss", phone="09120000001", role=Role.SUPERVISOR))
    shown: list[str] = []
    kept = structlog.get_config()
    logs.configure(level="DEBUG")
    structlog.configure(cache_logger_on_first_use=False)  # or later tests would write to this test's stderr
    try:
        config = make_config(providers__simulator__api_key=KEY, providers__simulator__timeout="1s")
        async with Service(config, clock=clock, roles=["web"]) as service:
            desk = Desk(service, clock)
            for fault in KINDS:
                simulator.faults.add(fault)
                await desk.queue(essential=True, order_id="1", source="shop")
                await desk.queue(patterns={"kavenegar": Pattern("packed", {"token": "1"})})
                await desk.pass_by(timedelta(minutes=12), step=timedelta(minutes=3))
                await service.sending.check_credit()
                simulator.faults.add(fault)
                try:
                    await service.sender.accounts.each[0].provider.statuses(["1"])
                except Exception as error:
                    shown += ["".join(traceback.format_exception(error)), repr(error), repr(error.__context__)]
                simulator.faults.clear()
            kept_tries = [(await desk.stored(message)).attempts for message in desk.queued]
            await service.sending.inbox.receive("1", "+989121234567", "زنگ بزنید به 09121234567")
    finally:
        structlog.configure(**kept)
    assert len(shown) > 3 * 30
    shown += [*capfd.readouterr(), caplog.text]
    assert any("line paused" in text for text in shown)
    for text in shown:
        assert KEY not in text
        assert not PHONE.findall(text)
    assert KEY not in str(kept_tries)
    assert not PHONE.findall(str(kept_tries))
