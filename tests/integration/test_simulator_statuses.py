"""The simulator's methods that tell: statuses, outbox, inbox, account, blocked numbers."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.clock import StillClock
from notifier.simulator import AccountRules, Simulator, create_app

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
UNIX = int(START.timestamp())
PHONE, BLOCKED, AWAY = "09121234567", "09120000014", "09120000011"
LINE = "10004346"
DAY = 86_400

Call = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, templates={"code": "کد %token"}, blocked=[BLOCKED], undeliverable=[AWAY])


@pytest.fixture
async def call(aiohttp_client: Any, simulator: Simulator) -> Call:
    """Answers the code and, if there are any, the entries."""
    client = await aiohttp_client(create_app(simulator, callbacks_every=None))

    async def call(method: str, *, verb: str = "POST", key: str = "simulator", **params: Any) -> Any:
        where = {"data" if verb == "POST" else "params": params}
        async with client.request(verb, f"/v1/{key}/{method}.json", **where) as answer:
            body = await answer.json()
            return body["return"]["status"], body if "metadata" in body else body["entries"]

    return call


async def send(call: Call, receptor: str = PHONE, **more: str) -> int:
    _, [entry] = await call("sms/send", receptor=receptor, message="سلام", **more)
    return int(entry["messageid"])


async def test_a_message_ripens_with_the_clock(call: Call, clock: StillClock) -> None:
    ids = [await send(call) for _ in range(2)]

    async def statuses() -> set[int]:
        _, entries = await call("sms/status", messageid=",".join(map(str, ids)))
        assert [entry["messageid"] for entry in entries] == ids
        return {entry["status"] for entry in entries}

    assert await statuses() == {1}
    clock.turn(timedelta(seconds=1))
    assert await statuses() == {4, 5}
    clock.turn(timedelta(seconds=3))
    assert await statuses() == {10}


async def test_a_scheduled_message_waits_for_its_time(call: Call, clock: StillClock, simulator: Simulator) -> None:
    await send(call, date=str(UNIX + 60))
    seen = []
    for second in (59, 60, 61, 64):
        clock.turn_to(START + timedelta(seconds=second))
        seen.append(simulator.messages[0].status)
    assert seen == [2, 1, simulator.messages[0].messageid % 2 + 4, 10]


async def test_blocked_and_undeliverable_numbers(call: Call, clock: StillClock, simulator: Simulator) -> None:
    credit = simulator.credit
    for number in (BLOCKED, AWAY):
        await send(call, number)
        await call("verify/lookup", receptor=number, template="code", token="1")
    assert simulator.credit == credit - 4 * 1200
    clock.turn(timedelta(seconds=4))
    assert [message.status for message in simulator.messages] == [14, 10, 11, 11]
    assert simulator.credit == credit - 3 * 1200
    simulator.credit = 500
    assert simulator.credit == 500


async def test_status_knows_48_hours_and_500_ids(call: Call, clock: StillClock) -> None:
    messageid = str(await send(call))
    clock.turn(timedelta(hours=48))
    assert (await call("sms/status", messageid=messageid))[1][0]["status"] == 10
    clock.turn(timedelta(seconds=1))
    assert (await call("sms/status", messageid=messageid))[1][0]["status"] == 100
    assert (await call("sms/status", messageid=",".join(["1"] * 500)))[0] == 200
    assert (await call("sms/status", messageid=",".join(["1"] * 501)))[0] == 414


async def test_statuslocalmessageid_knows_12_hours_and_answers_text(call: Call, clock: StillClock) -> None:
    messageid = await send(call, localid="450")
    clock.turn(timedelta(hours=12))
    _, entries = await call("sms/statuslocalmessageid", localid="450,451")
    assert entries == [
        {"messageid": messageid, "localid": "450", "status": 10, "statustext": "رسیده به گیرنده"},
        {"messageid": 0, "localid": "451", "status": 100, "statustext": "شناسه پیامک نامعتبر است"},
    ]
    clock.turn(timedelta(seconds=1))
    assert (await call("sms/statuslocalmessageid", localid="450"))[1][0]["status"] == 100
    assert (await call("sms/statuslocalmessageid", localid=",".join(["1"] * 501)))[0] == 414


async def test_statusbyreceptor_tells_a_day_of_one_number(call: Call, simulator: Simulator) -> None:
    messageid = await send(call)
    await send(call, AWAY)
    await call("verify/lookup", receptor=PHONE, template="code", token="1")
    _, entries = await call("sms/statusbyreceptor", receptor="+989121234567", startdate=UNIX - 60)
    assert [entry["status"] for entry in entries] == [1, 5]
    simulator.rules = AccountRules(lookup_by_receptor=False)
    _, entries = await call("sms/statusbyreceptor", receptor=PHONE, startdate=UNIX - 60)
    assert [entry["messageid"] for entry in entries] == [messageid]
    assert (await call("sms/statusbyreceptor", receptor=PHONE))[0] == 400
    too_long = {"startdate": UNIX - DAY, "enddate": UNIX + 1}
    assert (await call("sms/statusbyreceptor", receptor=PHONE, **too_long))[0] == 417


async def test_outbox(call: Call) -> None:
    ids = [await send(call, sender=sender) for sender in (LINE, "20001234", LINE)]
    _, found = await call("sms/select", messageid=f"{ids[1]},7,{ids[0]}")
    assert [(entry["messageid"], entry["message"], entry["cost"]) for entry in found] == [
        (ids[1], "سلام", 1200),
        (ids[0], "سلام", 1200),
    ]
    _, found = await call("sms/selectoutbox", startdate=UNIX - 60, sender=LINE)
    assert [entry["messageid"] for entry in found] == [ids[0], ids[2]]
    _, found = await call("sms/latestoutbox", pagesize=2)
    assert [entry["messageid"] for entry in found] == [ids[2], ids[1]]
    _, found = await call("sms/countoutbox", startdate=UNIX - 60, status=1)
    assert found == [{"startdate": UNIX - 60, "enddate": UNIX - 60 + DAY, "sumpart": 3, "sumcount": 3, "cost": 3600}]


async def test_outbox_limits(call: Call, simulator: Simulator) -> None:
    assert (await call("sms/select", messageid=",".join(["1"] * 501)))[0] == 414
    assert (await call("sms/selectoutbox", startdate=UNIX - 3 * DAY - 1))[0] == 417
    assert (await call("sms/selectoutbox", startdate="soon"))[0] == 417
    assert (await call("sms/countoutbox", startdate=UNIX, enddate=UNIX - 1))[0] == 417
    assert (await call("sms/latestoutbox", pagesize=201))[0] == 400
    simulator.rules = AccountRules(ip_listed=False)
    for method in ("sms/select", "sms/selectoutbox", "sms/latestoutbox"):
        assert (await call(method, startdate=UNIX, messageid="1"))[0] == 407
    assert (await call("sms/countoutbox", startdate=UNIX))[0] == 200


async def test_inbox_is_read_once(call: Call, simulator: Simulator) -> None:
    for number in range(101):
        await simulator.receive_from_customer("+989121234567", f"پیام {number}")
    _, page = await call("sms/inboxpaged", linenumber=LINE, isread=0, startdate=UNIX - 60)
    assert page["metadata"] == {"totalcount": "101", "currentpage": "1", "totalpages": "1", "pagesize": "200"}
    _, first = await call("sms/receive", linenumber=LINE, isread=0)
    assert (len(first), first[0]["message"], first[0]["sender"]) == (100, "پیام 0", PHONE)
    _, rest = await call("sms/receive", linenumber=LINE, isread=0)
    assert [entry["message"] for entry in rest] == ["پیام 100"]
    assert (await call("sms/receive", linenumber=LINE, isread=0))[1] == []
    _, counted = await call("sms/countinbox", startdate=UNIX - 60, linenumber=LINE, isread=1)
    assert counted[0]["sumcount"] == 101
    assert (await call("sms/receive", linenumber=LINE, isread=2))[0] == 400
    assert (await call("sms/countinbox", startdate=UNIX - 61 * DAY))[0] == 417
    assert (await call("sms/inboxpaged", linenumber=LINE, isread=0, startdate=UNIX - DAY, enddate=UNIX + DAY + 1))[
        0
    ] == 417


async def test_numbers_that_blocked_a_line(call: Call, clock: StillClock, simulator: Simulator) -> None:
    await call("line/blocked/add", linenumber=LINE, receptor=PHONE)
    _, found = await call("line/blocked/exists", linenumber=LINE, receptor=f"{PHONE},{AWAY}")
    assert found == [{"linenumber": LINE, "receptor": PHONE}]
    _, page = await call("line/blocked/list", linenumber=LINE, blockreason=0)
    assert (page["entries"][0]["receptor"], page["metadata"]["totalcount"]) == (PHONE, "1")
    await send(call)
    await send(call, sender="20001234")
    clock.turn(timedelta(minutes=1))
    assert [message.status for message in simulator.messages] == [14, 10]
    _, removed = await call("line/blocked/remove", verb="DELETE", linenumber=LINE, receptor=PHONE)
    assert (len(removed), simulator.blocked_by_line) == (1, {})
    assert (await call("line/blocked/remove", linenumber=LINE, receptor=PHONE))[0] == 405
    assert (await call("line/blocked/add", linenumber=LINE, receptor=",".join([PHONE] * 201)))[0] == 604


async def test_account_and_date(call: Call, simulator: Simulator) -> None:
    await send(call)
    _, info = await call("account/info", verb="GET")
    assert (info["remaincredit"], info["type"]) == (10_000_000 - 1200, "master")
    _, config = await call("account/config", mincreditalarm="5000", defaultsender="20001234")
    assert (config["mincreditalarm"], config["debugmode"]) == ("5000", "disabled")
    await send(call)
    assert simulator.messages[-1].sender == "20001234"
    assert (await call("account/config", debugmode="perhaps"))[0] == 400
    assert (await call("utils/getdate", verb="GET", key="0"))[1]["unixtime"] == UNIX
    assert (await call("account/info", key="0"))[0] == 403
