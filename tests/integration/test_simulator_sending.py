"""The simulator's methods that send: limits, codes, de-duplication, money."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.clock import StillClock
from notifier.simulator import AccountRules, Simulator, create_app
from notifier.simulator.methods import carry_out
from notifier.simulator.records import Ripening
from notifier.simulator.text import parts

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
UNIX = int(START.timestamp())
PHONE = "09121234567"
TEMPLATES = {"shipped": "%token عزیز، %token10 با کد %token2 فرستاده شد. %token20", "broken": "سلام %token2"}

Call = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, templates=TEMPLATES)


@pytest.fixture
async def call(aiohttp_client: Any, simulator: Simulator) -> Call:
    client = await aiohttp_client(create_app(simulator, callbacks_every=None))

    async def call(method: str, *, verb: str = "POST", key: str = "simulator", **params: Any) -> Any:
        where = {"params" if verb == "GET" else "data": params}
        async with client.request(verb, f"/v1/{key}/{method}.json", **where) as answer:
            return answer.status, await answer.json()

    return call


def array(*items: object) -> str:
    return json.dumps(items)


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_send_answers_a_list_of_records(call: Call, simulator: Simulator, verb: str) -> None:
    status, body = await call("sms/send", verb=verb, receptor=PHONE, message="سلام", sender="+9810004346")
    assert status == 200
    assert body == {
        "return": {"status": 200, "message": "تایید شد"},
        "entries": [
            {
                "messageid": simulator.messages[0].messageid,
                "message": "سلام",
                "status": 1,
                "statustext": "در صف ارسال",
                "sender": "10004346",
                "receptor": PHONE,
                "date": UNIX,
                "cost": 1200,
            }
        ],
    }


@pytest.mark.parametrize("spelling", ["9121234567", "+989121234567", "00989121234567", " 09121234567 "])
async def test_every_spelling_of_a_number_is_answered_in_the_local_form(call: Call, spelling: str) -> None:
    _, body = await call("sms/send", receptor=spelling, message="سلام")
    assert body["entries"][0]["receptor"] == PHONE


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (400, {"receptor": PHONE}),
        (400, {"message": "سلام"}),
        (400, {"receptor": PHONE, "message": "سلام", "type": "4"}),
        (400, {"receptor": PHONE, "message": "سلام", "localid": "abc"}),
        (400, {"receptor": PHONE, "message": "سلام", "localid": "9223372036854775808"}),
        (406, {"receptor": "", "message": "سلام"}),
        (411, {"receptor": "02188776655", "message": "سلام"}),
        (411, {"receptor": f"{PHONE},123", "message": "سلام"}),
        (411, {"receptor": "۰۹۱۲۱۲۳۴۵۶۷", "message": "سلام"}),
        (412, {"receptor": PHONE, "message": "سلام", "sender": "shop"}),
        (413, {"receptor": PHONE, "message": ""}),
        (413, {"receptor": PHONE, "message": "م" * 901}),
        (413, {"receptor": PHONE, "message": "😀" * 451}),
        (414, {"receptor": ",".join([PHONE] * 201), "message": "سلام"}),
        (417, {"receptor": PHONE, "message": "سلام", "date": "tomorrow"}),
        (417, {"receptor": PHONE, "message": "سلام", "date": str(UNIX - 1)}),
        (417, {"receptor": PHONE, "message": "سلام", "date": "9" * 18}),
        (419, {"receptor": PHONE, "message": "سلام", "localid": "1,2"}),
        (422, {"receptor": PHONE, "message": "bell \a"}),
        (607, {"receptor": PHONE, "message": "سلام", "tag": "unknown"}),
    ],
)
async def test_send_refuses(call: Call, simulator: Simulator, code: int, params: dict[str, str]) -> None:
    status, body = await call("sms/send", **params)
    assert (status, body["return"]["status"], body["entries"]) == (code, code, None)
    assert simulator.messages == []


async def test_the_limits_themselves_are_allowed(call: Call, simulator: Simulator) -> None:
    status, body = await call("sms/send", receptor=",".join([PHONE] * 200), message="سلام")
    assert (status, len(body["entries"])) == (200, 200)
    status, body = await call("sms/send", receptor=PHONE, message="م" * 900)
    assert (status, body["entries"][0]["cost"]) == (200, 14 * 1200)


async def test_links_lines_and_tags_are_as_the_account_is_set(call: Call, simulator: Simulator) -> None:
    plain = {"receptor": PHONE, "message": "https://shop.ir/o/1"}
    assert (await call("sms/send", **plain))[0] == 200
    simulator.rules = AccountRules(links_allowed=False, lines=frozenset({"10004346"}), tags=frozenset({"orders"}))
    assert (await call("sms/send", **plain))[0] == 420
    assert (await call("sms/send", receptor=PHONE, message="سلام", sender="20001234"))[0] == 412
    assert (await call("sms/send", receptor=PHONE, message="سلام", tag="orders"))[0] == 200


async def test_the_http_status_mirrors_the_code_only_when_asked(call: Call, simulator: Simulator) -> None:
    simulator.http_mirror = False
    status, body = await call("sms/send", receptor="1", message="سلام")
    assert status == 200
    assert body["return"] == {"status": 411, "message": "دریافت کننده نامعتبر است"}


async def test_wrong_key_method_and_verb(call: Call) -> None:
    assert (await call("sms/send", key="other", receptor=PHONE, message="سلام"))[1]["return"]["status"] == 403
    assert (await call("sms/fly"))[0] == 404
    assert (await call("sms/sendarray", verb="GET"))[0] == 405
    assert (await call("sms/send", verb="DELETE"))[0] == 405


async def test_a_json_body_and_bytes_that_are_no_text_are_not_understood(
    aiohttp_client: Any, simulator: Simulator
) -> None:
    client = await aiohttp_client(create_app(simulator))
    url = "/v1/simulator/sms/send.json"
    async with client.post(url, json={"receptor": PHONE, "message": "سلام"}) as answer:
        assert answer.status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with client.post(url, data=b"receptor=\xff\xfe", headers=form) as answer:
        assert answer.status == 422
    async with client.post(url, data={"receptor": PHONE, "message": io.BytesIO(b"a file")}) as answer:
        assert answer.status == 422
    async with client.post("/v1/simulator/sms/send.xml") as answer:
        assert answer.status == 404


async def test_a_known_localid_sends_nothing_and_answers_the_old_record(call: Call, simulator: Simulator) -> None:
    _, first = await call("sms/send", receptor=PHONE, message="یک", localid="77")
    credit = simulator.credit
    _, second = await call("sms/send", receptor=PHONE, message="دو", localid="77")
    assert second["entries"] == first["entries"]
    assert (len(simulator.messages), simulator.credit) == (1, credit)
    simulator.credit = 0
    assert (await call("sms/send", receptor=PHONE, message="یک", localid="77"))[0] == 200
    assert (await call("sms/send", receptor=PHONE, message="یک", localid="78"))[0] == 418


async def test_a_localid_may_be_forgotten(call: Call, simulator: Simulator, clock: StillClock) -> None:
    simulator.rules = AccountRules(localid_remembered=timedelta(hours=12))
    await call("sms/send", receptor=PHONE, message="یک", localid="77")
    clock.turn(timedelta(hours=12))
    await call("sms/send", receptor=PHONE, message="یک", localid="77")
    assert len(simulator.messages) == 1
    clock.turn(timedelta(seconds=1))
    await call("sms/send", receptor=PHONE, message="یک", localid="77")
    assert len(simulator.messages) == 2


async def test_a_localid_twice_in_one_call_is_one_message(call: Call, simulator: Simulator) -> None:
    _, body = await call("sms/send", receptor=f"{PHONE},{PHONE}", message="سلام", localid="5,5")
    assert len({entry["messageid"] for entry in body["entries"]}) == len(simulator.messages) == 1


def batch(count: int, **changes: str) -> dict[str, str]:
    phones = [f"0912{place:07}" for place in range(count)]
    return {
        "receptor": array(*phones),
        "sender": array(*["10004346"] * count),
        "message": array(*[f"پیام {place}" for place in range(count)]),
    } | changes


async def test_sendarray_sends_each_its_own(call: Call, simulator: Simulator) -> None:
    status, body = await call("sms/sendarray", **batch(200, localmessageids=array(*range(1, 201))))
    assert (status, len(body["entries"])) == (200, 200)
    assert {(m.receptor, m.text, m.localid) for m in simulator.messages} == {
        (f"0912{place:07}", f"پیام {place}", place + 1) for place in range(200)
    }


async def test_sendarray_sends_only_what_is_new(call: Call, simulator: Simulator) -> None:
    await call("sms/sendarray", **batch(2, localmessageids="[1,2]"))
    _, body = await call("sms/sendarray", **batch(3, localmessageids="[1,2,3]"))
    assert [entry["message"] for entry in body["entries"]] == ["پیام 0", "پیام 1", "پیام 2"]
    assert len(simulator.messages) == 3


async def test_of_a_localid_twice_in_one_array_the_first_is_sent(call: Call, simulator: Simulator) -> None:
    _, body = await call("sms/sendarray", **batch(3, localmessageids="[8,8,9]"))
    assert [entry["message"] for entry in body["entries"]] == ["پیام 0", "پیام 0", "پیام 2"]
    assert [message.text for message in simulator.messages] == ["پیام 0", "پیام 2"]


@pytest.mark.parametrize(
    "spelling", [{"localmessageids": "1,2"}, {"localmessageid": "[1,2]"}, {"localid": "[1,2]"}, {"localids": "[1,2]"}]
)
async def test_other_spellings_of_localmessageids_prevent_nothing(
    call: Call, simulator: Simulator, spelling: dict[str, str]
) -> None:
    for _ in range(2):
        status, _ = await call("sms/sendarray", **batch(2, **spelling))
        assert status == 200
    assert len(simulator.messages) == 4


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (400, batch(1, receptor=PHONE)),
        (400, batch(1, receptor='{"a": 1}')),
        (400, batch(1, receptor="[null]")),
        (400, batch(1, type="[9]")),
        (406, batch(1, sender="")),
        (406, batch(0)),
        (411, batch(2, receptor=array(PHONE, "123"))),
        (412, batch(2, sender=array("10004346", "shop"))),
        (413, batch(2, message=array("سلام", ""))),
        (414, batch(201)),
        (417, batch(1, date="yesterday")),
        (419, batch(2, sender=array("10004346"))),
        (419, batch(2, localmessageids="[1]")),
        (422, batch(1, message='["\\ud800"]')),
    ],
)
async def test_sendarray_refuses(call: Call, simulator: Simulator, code: int, params: dict[str, str]) -> None:
    status, body = await call("sms/sendarray", **params)
    assert (status, body["entries"]) == (code, None)
    assert simulator.messages == []


async def test_sendarray_without_a_sender_or_with_the_tables_other_limit(call: Call, simulator: Simulator) -> None:
    params = batch(1)
    del params["sender"]
    assert (await call("sms/sendarray", **params))[0] == 400
    simulator.rules = AccountRules(array_limit_code=412)
    assert (await call("sms/sendarray", **batch(201)))[0] == 412


async def test_lookup_renders_the_pattern(call: Call, simulator: Simulator) -> None:
    tokens = {"token": "سارا", "token2": "123", "token10": "گوشی شیائومی", "token20": "از خرید شما ممنونیم"}
    status, body = await call("verify/lookup", receptor=PHONE, template="shipped", **tokens)
    assert status == 200
    [entry] = body["entries"]
    assert entry["message"] == "سارا عزیز، گوشی شیائومی با کد 123 فرستاده شد. از خرید شما ممنونیم"
    assert entry["status"] == 5
    [message] = simulator.messages
    assert (message.method, message.template, message.localid) == ("lookup", "shipped", None)


async def test_lookup_has_no_localid_and_may_answer_an_object(call: Call, simulator: Simulator) -> None:
    simulator.rules = AccountRules(lookup_entries="object")
    params = {"receptor": PHONE, "template": "shipped", "token": "1", "localid": "9"}
    ids = {(await call("verify/lookup", **params))[1]["entries"]["messageid"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (406, {"token": ""}),
        (411, {"receptor": "12"}),
        (422, {"token": "a\a"}),
        (424, {"template": "nobody-made-it"}),
        (428, {"type": "call"}),
        (431, {"token": "سارا محمدی"}),
        (431, {"token": "سارا "}),
        (431, {"token": "a\nb"}),
        (431, {"token": "a\u00a0b"}),
        (431, {"token2": "a_b"}),
        (431, {"token10": "a b c d e f g"}),
        (431, {"token20": "a b c d e f g h i j"}),
        (431, {"token": "1" * 101}),
        (432, {"template": "broken"}),
        (607, {"tag": "unknown"}),
    ],
)
async def test_lookup_refuses(call: Call, simulator: Simulator, code: int, changes: dict[str, str]) -> None:
    status, _ = await call("verify/lookup", **({"receptor": PHONE, "template": "shipped", "token": "سارا"} | changes))
    assert status == code
    assert simulator.messages == []


async def test_lookup_takes_as_many_spaces_as_allowed_and_numbers_abroad(call: Call, simulator: Simulator) -> None:
    tokens = {"token": "a\u200cb", "token10": "a b c d e f", "token20": "a b c d e f g h i"}
    status, body = await call("verify/lookup", receptor="00974211234565", template="shipped", **tokens)
    assert (status, body["entries"][0]["receptor"]) == (200, "00974211234565")
    simulator.rules = AccountRules(token_separators="_:")
    assert (await call("verify/lookup", receptor=PHONE, template="shipped", token="10:30"))[0] == 431


async def test_maketts_answers_an_object_for_one_number(call: Call, simulator: Simulator) -> None:
    _, one = await call("call/maketts", receptor="02188776655", message="سلام", localid="3")
    assert one["entries"]["receptor"] == "02188776655"
    _, again = await call("call/maketts", receptor="02188776655", message="سلام", localid="3")
    assert again["entries"]["messageid"] == one["entries"]["messageid"]
    _, two = await call("call/maketts", receptor=f"{PHONE},02188776655", message="سلام")
    assert len(two["entries"]) == 2
    assert (await call("call/maketts", receptor=PHONE, message="سلام", repeat="6"))[0] == 400


async def test_a_scheduled_message_can_be_cancelled_and_its_price_comes_back(
    call: Call, simulator: Simulator, clock: StillClock
) -> None:
    credit = simulator.credit
    _, body = await call("sms/send", receptor=PHONE, message="فردا", date=str(UNIX + 3600))
    [entry] = body["entries"]
    assert (entry["status"], entry["date"], simulator.credit) == (2, UNIX + 3600, credit - 1200)
    _, sent = await call("sms/send", receptor=PHONE, message="اکنون")
    ids = f"{entry['messageid']},{sent['entries'][0]['messageid']},99"
    _, cancelled = await call("sms/cancel", messageid=ids)
    assert [entry["status"] for entry in cancelled["entries"]] == [13, 1, 100]
    assert simulator.credit == credit - 1200
    assert (await call("sms/cancel", messageid=",".join(["1"] * 201)))[0] == 412


async def test_debug_mode_sends_nothing(call: Call, simulator: Simulator) -> None:
    await call("account/config", debugmode="enabled")
    _, body = await call("sms/send", receptor=PHONE, message="سلام")
    assert (body["entries"][0]["status"], body["entries"][0]["cost"], simulator.credit) == (13, 0, 10_000_000)


async def test_an_answer_to_a_send_can_carry_a_failure(clock: StillClock) -> None:
    at_once = Ripening(operator=timedelta(), settled=timedelta())
    simulator = Simulator(clock=clock, ripen_after=at_once, undeliverable=[PHONE])
    answer = carry_out(
        simulator, key="simulator", path="sms/send", verb="POST", params={"receptor": PHONE, "message": "سلام"}
    )
    assert isinstance(answer.entries, list)
    assert answer.entries[0]["status"] == 11


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("م" * 70, 1),
        ("م" * 71, 2),
        ("م" * 134, 2),
        ("م" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 160 + "م", 3),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert parts(text) == count


async def test_messages_are_seen_as_they_arrive(call: Call, clock: StillClock, simulator: Simulator) -> None:
    seen: list[str] = []
    simulator.on_message = lambda message: seen.append(message.text)
    waiting = asyncio.create_task(simulator.wait_for(2, matching=lambda message: message.receptor == PHONE))
    for receptor in (PHONE, "09350000000", PHONE):
        await call("sms/send", receptor=receptor, message=f"به {receptor}")
    assert [message.receptor for message in await waiting] == [PHONE, PHONE]
    assert seen == [f"به {PHONE}", "به 09350000000", f"به {PHONE}"]
