"""What customers text to the shop."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.domain.messages import Audience, Message, MessageState
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store.keys import Keys
from notifier.store.records import decode

S = MessageState
PHONE = "09121234567"
PATH = "/callbacks/kavenegar/test-callback-token/inbound"
TRANSFER = "order.registered__elsewhere_bank_transfer"


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def text(client: Client, message: str, *, message_id: str = "1", sender: str = PHONE, how: str = "POST") -> int:
    fields = {"from": sender, "to": "10004346", "message": message, "messageid": message_id}
    given: dict[str, Any] = {"params": fields} if how == "GET" else {"data": fields}
    async with client.request(how, PATH, **given) as answer:
        return answer.status


@pytest.mark.parametrize(
    "word", ["لغو", "لغو۱۱", "لغو 11", "لغو11", "11", "۱۱", " ١١ ", "لغو۱۱.", "لغو۱۱ ممنون", "STOP", "Stop. Thank you"]
)
async def test_a_word_opts_out_of_all_but_essential_texts(desk: Desk, client: Client, word: str) -> None:
    assert await text(client, word) == 200
    plain, essential = await desk.queue(to=PHONE), await desk.queue(to=PHONE, essential=True)
    other = await desk.queue()
    await desk.send()
    assert [await desk.state(one) for one in (plain, essential, other)] == [S.CANCELLED, S.ACCEPTED, S.ACCEPTED]
    assert (await desk.stored(plain)).reason == "opted_out"
    assert await desk.calls("callback") == []


async def test_and_another_word_opts_in_again(desk: Desk, client: Client) -> None:
    await text(client, "11", message_id="1")
    await text(client, "۱۲", message_id="2")
    message = await desk.queue(to=PHONE)
    await desk.send()
    assert await desk.state(message) is S.ACCEPTED


async def _texts(redis: Redis) -> list[Message]:
    ids = await redis.zrange(Keys(0).texts(PHONE), 0, -1)
    raw: list[Any] = [await redis.hget(Keys(0).message(one.decode()), "message") for one in ids]  # type: ignore[misc]
    return [decode(one, Message) for one in raw]


async def test_where_the_line_allows_it_a_refusal_is_confirmed_once(service: Service, desk: Desk, redis: Redis) -> None:
    inbox = replace(service.sending.inbox, confirming=lambda: service.rulebook)
    for message_id in ("1", "1", "2"):  # handed over twice, and said twice
        await inbox.receive(message_id, PHONE, "لغو۱۱")
    await inbox.receive("3", PHONE, "سلام")
    sent = await _texts(redis)
    assert [message.text.splitlines()[0] for message in sent] == ["پیامک‌ها قطع شد. برای دریافت دوباره ۱۲ بفرستید."]
    await desk.send()
    assert await desk.state(sent[0]) is S.ACCEPTED


async def test_elsewhere_it_is_not(client: Client, redis: Redis) -> None:
    await text(client, "لغو۱۱")
    assert await _texts(redis) == []


async def test_staff_who_opted_out_as_customers_still_hear_of_their_calls(desk: Desk, client: Client) -> None:
    await text(client, "لغو")
    message = await desk.queue(to=PHONE, audience=Audience.STAFF)
    await desk.send()
    assert await desk.state(message) is S.ACCEPTED


@pytest.mark.parametrize("how", ["GET", "POST"])
async def test_anything_else_makes_a_call_and_is_on_the_timeline(
    desk: Desk, client: Client, shop: StandardShop, api: ApiUser, how: str
) -> None:
    await shop.post(standard_fixture("payment.succeeded__tehran_online"))
    order = standard_fixture("payment.succeeded__tehran_online")["data"]["order_id"]
    for _ in range(3):  # handed over again and again
        assert await text(client, "سفارشم کی می‌رسد؟", how=how, sender="+989121234567") == 200
    assert await desk.calls("callback") == [order]
    timeline = (await api.get(f"/orders/{order}")).body["timeline"]
    said = [line for line in timeline if line["kind"] == "inbound"]
    assert [line["extra"]["text"] for line in said] == ["سفارشم کی می‌رسد؟"]


async def test_from_somebody_without_an_order(desk: Desk, client: Client) -> None:
    assert await text(client, "سلام") == 200
    assert await desk.calls("callback") == [""]


async def test_the_same_text_handed_over_to_several_at_once_counts_once(
    desk: Desk, client: Client, shop: StandardShop, api: ApiUser
) -> None:
    payload = standard_fixture("payment.succeeded__tehran_online")
    await shop.post(payload)
    assert set(await asyncio.gather(*(text(client, "سلام") for _ in range(8)))) == {200}
    timeline = (await api.get(f"/orders/{payload['data']['order_id']}")).body["timeline"]
    assert len([line for line in timeline if line["kind"] == "inbound"]) == 1
    assert len(await desk.calls("callback")) == 1


@pytest.mark.parametrize("said", ["واریز شد. شماره پیگیری 98765432", "رسید: ٤٤٥٥٦٦"])
async def test_a_reference_after_deposit_instructions_is_a_reported_deposit(
    desk: Desk, client: Client, shop: StandardShop, api: ApiUser, said: str
) -> None:
    payload = standard_fixture(TRANSFER)
    payload["data"]["customer"]["phone"] = PHONE
    order = (await shop.post(payload)).body["order_id"]
    for _ in range(2):
        assert await text(client, said) == 200
    shown = (await api.get(f"/orders/{order}")).body
    events = [line["what"] for line in shown["timeline"] if line["kind"] == "event"]
    assert events == ["order.registered", "payment.deposit_reported"]
    assert await desk.calls("verify_deposit") == [order]
    assert await desk.calls("callback") == []


@pytest.mark.parametrize(
    "said",
    [
        "کارت را اشتباه زدم",
        "۱۲۳۴۵۶۷۸",
        "کی میفرستید؟ شماره من 09121234567",
        "سلام کد پستی ۱۱۳۴۵۶۷۸۹۰ اصلاح شود",
    ],
)
async def test_other_words_after_deposit_instructions_are_for_a_person(
    desk: Desk, client: Client, shop: StandardShop, api: ApiUser, said: str
) -> None:
    payload = standard_fixture(TRANSFER)
    payload["data"]["customer"]["phone"] = PHONE
    order = (await shop.post(payload)).body["order_id"]
    await text(client, said)
    assert await desk.calls("callback") == [order]
    assert await desk.calls("verify_deposit") == []
    told = [call["id"] for call in await api.items("/calls") if call["purpose"] == "callback"]
    found = [await desk.service.reader.call(one) for one in told]
    assert [reason.words for one in found if one for reason in one.call.reasons if reason.words] == [said]


async def transfer(shop: StandardShop, order_id: str, phone: str = PHONE) -> str:
    payload = standard_fixture(TRANSFER)
    payload["data"]["customer"]["phone"] = phone
    payload["data"]["order_id"] = order_id
    return str((await shop.post(payload)).body["order_id"])


async def test_the_order_named_is_the_one_a_deposit_is_for(
    desk: Desk, client: Client, shop: StandardShop, api: ApiUser, clock: StillClock
) -> None:
    for order in ("82001", "82002"):
        await transfer(shop, order)
        clock.turn(timedelta(minutes=1))
    await text(client, "سفارش 82001 واریز شد کد رهگیری 98765432")
    assert await desk.calls("verify_deposit") == ["82001"]
    told = (await api.get("/orders/82001")).body
    assert told["payment"]["reference"] == "98765432"
    assert [line["kind"] for line in told["timeline"] if line["kind"] == "inbound"] == ["inbound"]


async def test_an_order_of_somebody_else_is_for_a_person(desk: Desk, client: Client, shop: StandardShop) -> None:
    await transfer(shop, "82001")
    await transfer(shop, "82002", phone="09350000001")
    await text(client, "برای سفارش 82002 واریز کردم، شماره پیگیری 987654", message_id="1")
    assert (await desk.calls("verify_deposit"), await desk.calls("callback")) == ([], ["82001"])
    await text(client, "برای سفارش 82003 واریز کردم، شماره پیگیری 987654", message_id="2")  # nobody's: mistyped
    assert await desk.calls("verify_deposit") == ["82001"]


async def test_a_bare_word_of_cancelling_after_an_order_means_the_order(
    desk: Desk, client: Client, shop: StandardShop, redis: Redis
) -> None:
    order = await transfer(shop, "82001")
    assert await text(client, "لغو") == 200
    assert await desk.calls("callback") == [order]
    assert not await redis.sismember(Keys(0).opted_out, PHONE)


async def test_a_text_without_end_is_cut(client: Client, shop: StandardShop, api: ApiUser) -> None:
    order = await transfer(shop, "82001")
    assert await text(client, "\ufdfa" * 5_000) == 200
    (line,) = [one for one in (await api.get(f"/orders/{order}")).body["timeline"] if one["kind"] == "inbound"]
    assert len(line["extra"]["text"]) == 2000


@pytest.mark.parametrize("sender", ["10004346", "BANK", "", "0"])
async def test_what_is_from_no_phone_is_answered_and_left(
    desk: Desk, client: Client, redis: Redis, sender: str
) -> None:
    assert await text(client, "تبلیغ", sender=sender) == 200
    assert await desk.calls("callback") == []


async def test_without_a_store_it_is_to_be_handed_over_again(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("no store")

    monkeypatch.setattr(service.redis, "execute_command", away)
    assert await text(client, "سلام") == 503


async def test_by_the_simulator_as_the_provider_does_it(
    desk: Desk, client: Client, simulator: Simulator, redis: Redis
) -> None:
    simulator.inbound_callback_url = str(client.make_url(PATH))
    await simulator.receive_from_customer(PHONE, "لغو۱۱")
    assert await redis.sismember(Keys(0).opted_out, PHONE)
