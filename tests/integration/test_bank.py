"""Money that came into the account, by texts of banks: each line once, matched beyond doubt or shown to a person."""

import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from call_fixtures import BOSS
from console_browser import ISFAHAN, Browser, Desk, hashed, hire
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import API_TOKEN, SHOP_SECRET, Answer, Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.bank import BankLine, LineStanding
from notifier.domain.events import EventType
from notifier.domain.orders import Order
from notifier.service.process import Service
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act, Wanted
from notifier.store.bank import BankBook

BANK = {"kind": "bank", "secret": SHOP_SECRET}
PAYMENT = {"method": "bank_transfer", "amount": 2_400_000, "currency": "IRR"}
OTP = "رمز پویا: 482913\nخرید 2,400,000\nبانک ملت"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def config(make_config: Any, tmp_path: Path, settings: dict[str, Any]) -> Config:
    return in_data_dir(make_config(**({"sources__bank": BANK} | settings)), tmp_path / "data")


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    await service.staff.put(replace(BOSS, id="chief", name="مدیر", password=hashed()))
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture
def phone(client: Client, clock: StillClock) -> StandardShop:
    """The phone that forwards the bank's texts."""
    return StandardShop(client, clock, name="bank")


def mellat(amount: int, balance: int, *, at: str = "11:52", verb: str = "واریز") -> str:
    return f"حساب1234567890\n{verb}{amount:,}\nمانده{balance:,}\n05/09/02-{at}"


async def forward(phone: StandardShop, text: str, *, sender: str = "Bank Mellat", **more: Any) -> Answer:
    at = phone.clock.now().isoformat()
    return await phone.post({"sender": sender, "text": text, "received_at": at} | more)


async def register(desk: Desk, order: str = "10025", amount: int = 2_400_000) -> Any:
    return await desk.event(EventType.REGISTERED, order, customer=ISFAHAN, payment=PAYMENT | {"amount": amount})


async def order(desk: Desk, name: str = "10025") -> Order:
    found = await desk.service.reader.order("shop", name)
    assert found
    return found


async def told(desk: Desk, name: str = "10025") -> Any:
    """The order as the API has it."""
    answer = await desk.shop.client.get(f"/api/orders/{name}", headers={"Authorization": f"Bearer {API_TOKEN}"})
    return await answer.json()


async def only_line(desk: Desk) -> BankLine:
    (line,) = await desk.service.bank.book.open_lines(10)
    return line


async def press(browser: Browser, line: BankLine, do: str, **form: str) -> Any:
    return await browser.post(f"/bank-lines/{line.id}", do=do, v=str(line.v), **form)


async def acts(desk: Desk) -> list[Act]:
    return [entry.act async for _, entry in audit.read(desk.service.reader, Wanted()) if "deposit" in entry.act]


async def everything(redis: Redis) -> str:
    """All that the store holds, as text."""
    found = []
    for key in await redis.keys("*"):
        kind = (await redis.type(key)).decode()
        match kind:
            case "string":
                found.append(repr(await redis.get(key)))
            case "hash":
                found.append(repr(await redis.hgetall(key)))
            case "list":
                found.append(repr(await redis.lrange(key, 0, -1)))
            case "zset":
                found.append(repr(await redis.zrange(key, 0, -1)))
            case "set":
                found.append(repr(await redis.smembers(key)))
    return " ".join(found)


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_line_is_proposed_and_confirmed_by_one_press(desk: Desk, phone: StandardShop) -> None:
    await register(desk)
    answer = await forward(phone, mellat(2_400_000, 18_150_000))
    assert (answer.status, answer.body["standing"], answer.body["amount"]) == (202, "open", 2_400_000)
    assert not (await order(desk)).prepaid
    page = await desk.sara.get("/deposits")
    assert "سفارشش پیدا شد" in page.words
    assert "۲۴۰٬۰۰۰ تومان" in page.words
    assert "1234567890" not in page.text.replace("حساب1234567890", "")  # but in the bank's own words
    line = await only_line(desk)
    page = await press(desk.sara, line, "match", order="shop:10025")
    assert "واریز سفارش ۱۰۰۲۵ تأیید شد: ۲۴۰٬۰۰۰ تومان" in page.words
    found = await order(desk)
    assert (found.prepaid, found.deposit_surplus, found.transfer_due) == (True, 0, 0)
    story = await desk.sara.get("/orders/shop/10025")
    assert "به گزارش سارا" in story.words
    assert "در حساب دیده شد: ۲۴۰٬۰۰۰ تومان؛ حساب: …7890" in story.words
    assert await acts(desk) == [Act.DEPOSIT_MATCHED]
    assert await desk.service.bank.book.open_lines(10) == []
    again = await press(desk.sara, line, "match", order="shop:10025")
    assert again.status == 409


@pytest.mark.parametrize("partitions", [1, 5])
@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
async def test_beyond_doubt_it_confirms_itself(desk: Desk, phone: StandardShop) -> None:
    await register(desk)
    answer = await forward(phone, mellat(2_400_000, 18_150_000))
    assert (answer.body["standing"], answer.body["order_id"]) == ("matched", "10025")
    found = await order(desk)
    assert found.prepaid
    texts = [one.message.template for one in (await desk.service.reader.story(found)).messages]
    assert texts.count("deposit_confirmed") == 1
    again = await forward(phone, mellat(2_400_000, 18_150_000))
    assert (again.status, again.body["duplicate"]) == (200, True)
    assert [entry.by async for _, entry in audit.read(desk.service.reader, Wanted())].count(":service") == 1


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
@pytest.mark.parametrize(
    "texts",
    [
        {"two orders": ""},
        {"a difference": mellat(2_399_990, 18_150_000)},
        {"out": mellat(2_400_000, 18_150_000, verb="برداشت")},
        {"interest": "واریز سود کوتاه مدت\n\nحساب1234567890\n\nمبلغ2,400,000\nمانده18,150,000"},
        {"paya": "پايا: 2,400,000+ حساب: 12345 مانده: 32,200,090 0902 - 13:04"},
        {"no balance": "حساب1234567890\nواریز2,400,000\n05/09/02-11:52"},
        {"loan": "مانده بدهی تسهیلات شما 2,400,000 ریال است"},
        {"toman": "واریز 2,400,000 تومان\nمانده 18,150,000"},
    ],
    ids=lambda texts: next(iter(texts)),
)
async def test_what_is_doubtful_waits_for_a_person(desk: Desk, phone: StandardShop, texts: Mapping[str, str]) -> None:
    (what, text), *_ = texts.items()
    await register(desk)
    if what == "two orders":
        await register(desk, "10026")
    await forward(phone, text or mellat(2_400_000, 18_150_000))
    await desk.service.bank.tick()
    assert not (await order(desk)).prepaid
    assert await desk.service.bank.book.matched_lines(5) == []


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
async def test_a_broken_chain_is_a_task(desk: Desk, phone: StandardShop) -> None:
    await register(desk)
    await forward(phone, mellat(100_000, 10_000_000))
    desk.clock.turn(timedelta(minutes=5))
    await forward(phone, mellat(2_400_000, 18_150_000, at="11:57"))  # 10,000,000 + 2,400,000 is another sum
    assert not (await order(desk)).prepaid
    page = await desk.sara.get("/deposits")
    assert "با ماندهٔ پیشین جور نیست" in page.words
    assert "سفارشش پیدا شد" not in page.words
    desk.clock.turn(timedelta(minutes=5))
    await register(desk, "10026", 300_000)
    kept = await forward(phone, mellat(300_000, 18_450_000, at="12:02"))  # the chain goes on from what the bank said
    assert kept.body["order_id"] == "10026"


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
async def test_a_text_that_comes_before_its_order_is_matched_later(desk: Desk, phone: StandardShop) -> None:
    await forward(phone, mellat(2_400_000, 18_150_000))
    await register(desk)
    assert not (await order(desk)).prepaid
    await desk.service.bank.tick()
    assert (await order(desk)).prepaid


async def test_texts_with_codes_are_kept_nowhere(
    desk: Desk, phone: StandardShop, client: Client, clock: StillClock, redis: Redis
) -> None:
    answer = await forward(phone, OTP)
    assert (answer.status, answer.body["ignored"]) == (200, "code")
    stranger = StandardShop(client, clock, name="bank", secret="whsec_" + "QUJD" * 11)
    assert (await forward(stranger, OTP)).status == 401
    assert (await forward(stranger, mellat(1_000_000, 2_000_000))).status == 401  # forged
    odd = await phone.post_raw(('{"sender": "Bank Mellat", "text": "' + OTP.replace("\n", " ")).encode())
    assert odd.status == 400
    escaped = await phone.post({"sender": "Bank Mellat", "text": OTP, "received_at": "never"})
    assert (escaped.status, escaped.body["ignored"]) == (200, "code")
    mother = await forward(phone, "سلام، شام بیا خانه", sender="+989121112233")
    assert (mother.status, mother.body["ignored"]) == (200, "sender")
    assert "989121112233" not in str(mother.body)
    await desk.service.rejections.write()
    stored = await everything(redis)
    assert "482913" not in stored
    assert "شام" not in stored.encode().decode("unicode_escape", "replace")
    assert await desk.service.bank.book.open_lines(10) == []  # of the forged one nothing came


async def test_what_is_not_read_is_kept_and_can_be_replayed(desk: Desk, phone: StandardShop) -> None:
    answer = await forward(phone, "مشتری گرامی، شعبهٔ ما جابه‌جا شد")
    assert (answer.status, answer.body["understood"]) == (200, False)
    await desk.service.rejections.write()
    page = await desk.boss.get("/deliveries")
    assert "no sum is found" in page.text


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"sender": "Bank Mellat"}, "text"),
        ({"text": mellat(1, 2)}, "sender"),
        ({"sender": "Bank Mellat", "text": "x" * 2001}, "text"),
        ({"sender": "Bank Mellat", "text": mellat(1000, 2000), "received_at": "2020-01-01"}, "received_at"),
        ({"sender": "Bank Mellat", "text": mellat(1000, 2000), "received_at": "2099-01-01"}, "received_at"),
        ({"sender": ["a"], "text": mellat(1000, 2000)}, "sender"),
    ],
)
async def test_bad_bodies_are_told_what_is_wrong(
    desk: Desk, phone: StandardShop, body: Mapping[str, Any], where: str
) -> None:
    answer = await phone.post(body)
    assert answer.status == 422
    assert [one["loc"] for one in answer.body["errors"]] == [[where]]


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
@pytest.mark.parametrize("step", [0, 1, 2, 3])
async def test_nothing_is_lost_or_doubled_whatever_step_is_the_last(
    desk: Desk, phone: StandardShop, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """A process that dies leaves what it wrote; here it stops before one write after the other."""
    await register(desk)
    bank, told = desk.service.bank, 0

    class Died(BaseException):
        pass

    real_change, real_submit = type(bank.book).change, desk.service.committer.submit
    done = 0

    async def change(self: Any, *args: Any, **more: Any) -> Any:
        nonlocal done
        if done == step:
            raise Died
        done += 1
        return await real_change(self, *args, **more)

    async def submit(delivery: Any) -> Any:
        nonlocal done
        if done == step and delivery.event_id.startswith("bank-"):
            raise Died
        done += 1
        return await real_submit(delivery)

    class Dying:
        async def submit(self, delivery: Any) -> Any:
            return await submit(delivery)

    given_at = desk.clock.now()
    monkeypatch.setattr(type(bank.book), "change", change)
    dying = type(bank)(
        bank.book, bank.reader, Dying(), bank.clock,
        rulebook=bank.rulebook, sources=bank.sources, automatic=bank.automatic, tell=bank.tell,
    )  # fmt: skip
    from notifier.intake.bank import reading
    from notifier.store.bank import GivenLine
    from notifier.store.records import ms

    said = reading.read(mellat(2_400_000, 18_150_000), bank="ملت")
    given = GivenLine(said=said, at=ms(given_at), text=mellat(2_400_000, 18_150_000))
    try:
        await dying.take("bank", [given])
    except Died:
        told += 1
    monkeypatch.undo()
    assert told == (step < 3)
    await bank.take("bank", [given])  # the phone sends it again
    await bank.tick()
    await bank.tick()
    found = await order(desk)
    assert (found.prepaid, found.deposit_surplus) == (True, 0)
    texts = [one.message.template for one in (await desk.service.reader.story(found)).messages]
    assert texts.count("deposit_confirmed") == 1
    (line,) = await bank.book.matched_lines(10)
    assert (line.standing, line.told, line.order) == (LineStanding.MATCHED, True, "shop:10025")
    assert await desk.service.redis.zcard(names.BANK_TELLING) == 0


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_match_is_undone(desk: Desk, phone: StandardShop) -> None:
    await register(desk)
    await forward(phone, mellat(2_400_000, 18_150_000))
    await press(desk.sara, await only_line(desk), "match", order="shop:10025")
    (line,) = await desk.service.bank.book.matched_lines(10)
    refused = await press(desk.sara, line, "undo")
    assert "فقط سرپرست" in refused.words
    page = await press(desk.boss, line, "undo")
    assert "از سفارش ۱۰۰۲۵ جدا شد" in page.words
    found = await order(desk)
    assert (found.prepaid, found.transfer_due) == (False, 2_400_000)
    sent = await desk.event(EventType.PREPARING, customer=ISFAHAN)
    assert sent["messages"] == []
    assert {one["reason"] for one in sent["suppressed"]} == {"not_paid"}
    story = await desk.sara.get("/orders/shop/10025")
    assert "واریز از سفارش جدا شد" in story.words
    assert await acts(desk) == [Act.DEPOSIT_UNMATCHED, Act.DEPOSIT_MATCHED]
    alerts = [raw.decode() for raw in await desk.service.redis.lrange(names.ALERTS, 0, -1)]
    assert any("از آن جدا شد" in alert for alert in alerts)
    again = await only_line(desk)
    await press(desk.boss, again, "match", order="shop:10025")
    found = await order(desk)
    assert found.prepaid
    texts = [one.message.template for one in (await desk.service.reader.story(found)).messages]
    assert texts.count("deposit_confirmed") == 1


async def test_a_difference_needs_another_pair_of_eyes(desk: Desk, phone: StandardShop, client: Client) -> None:
    await register(desk)
    await forward(phone, mellat(2_000_000, 18_150_000))
    page = await press(desk.sara, await only_line(desk), "match", number="۱۰۰۲۵")
    assert "منتظر تأیید سرپرست دیگری است" in page.words
    assert (await order(desk)).deposit_received is None
    line = await only_line(desk)
    assert line.standing is LineStanding.WAITS
    assert "این تفاوت را باید سرپرستی" in (await press(desk.sara, line, "second")).words
    page = await press(desk.boss, line, "second")
    assert "تأیید شد: ۲۰۰٬۰۰۰ تومان" in page.words
    found = await order(desk)
    assert (found.prepaid, found.deposit_received, found.deposit_rest) == (False, 2_000_000, 400_000)
    desk.clock.turn(timedelta(minutes=9))
    await forward(phone, mellat(400_000, 18_550_000, at="12:20"))  # the rest
    await press(desk.sara, await only_line(desk), "match", order="shop:10025")
    found = await order(desk)
    assert (found.prepaid, found.deposit_surplus) == (True, 0)
    first = next(one for one in await desk.service.bank.book.matched_lines(10) if one.said.amount == 2_000_000)
    await press(desk.boss, first, "undo")
    assert not (await order(desk)).cancelled


async def test_nobody_s_money_is_left(desk: Desk, phone: StandardShop) -> None:
    await forward(phone, mellat(7_000_000, 18_150_000))
    assert "سفارشی پیدا نشد" in (await desk.sara.get("/deposits")).words
    page = await press(desk.sara, await only_line(desk), "leave")
    assert "از سفارش‌ها نیست" in page.words
    assert await desk.service.bank.book.open_lines(10) == []


@pytest.mark.parametrize("settings", [{"deposits__unique_sums": "true", "deposits__automatic": "exact"}])
@pytest.mark.parametrize("partitions", [1, 5])
async def test_orders_get_sums_of_their_own(desk: Desk, phone: StandardShop) -> None:
    first, second = await register(desk), await register(desk, "10026")
    assert (first["pay_exactly"], second["pay_exactly"]) == (2_400_010, 2_400_020)
    found = await order(desk)
    (text,) = [
        one.message.text
        for one in (await desk.service.reader.story(found)).messages
        if one.message.template == "order_registered_transfer"
    ]
    assert "۲۴۰٬۰۰۱ تومان" in text
    assert (await told(desk))["pay_exactly"] == 2_400_010
    answer = await forward(phone, mellat(2_400_020, 18_150_000))
    assert answer.body["order_id"] == "10026"
    paid = await order(desk, "10026")
    assert (paid.prepaid, paid.deposit_surplus) == (True, 0)
    assert (await told(desk, "10026"))["pay_exactly"] is None
    assert not (await order(desk)).prepaid
    third = await register(desk, "10027")
    assert third["pay_exactly"] == 2_400_030  # the second's is held
    desk.clock.turn(timedelta(hours=49))
    await desk.service.committer.sums.tick(desk.service.bank.now())
    fourth = await register(desk, "10028")
    assert fourth["pay_exactly"] == 2_400_020  # given back
    assert (await register(desk, "10028"))["pay_exactly"] == 2_400_020


STATEMENT = (
    "تاریخ,ساعت,شماره سند,شرح,بدهکار,بستانکار,مانده\n"
    "1405/09/02,11:52,1001,واریز,0,2400000,18150000\n"
    "1405/09/02,11:58,1002,واریز,0,700000,18850000\n"
    "1405/09/02,12:10,1003,خرید,50000,0,18800000\n"
    "جمع,,,,50000,3100000,\n"
)


async def hand_in(browser: Browser, content: bytes) -> Any:
    form = aiohttp.FormData()
    form.add_field("csrf", browser.csrf)
    form.add_field("source", "bank")
    form.add_field("file", io.BytesIO(content), filename="hesab.csv")
    page = await browser._ask("POST", "/statements", data=form)
    if page.status != 303:
        return page, ""
    address = page.headers["Location"].removeprefix("/console")
    return await browser.get(address), address


async def test_a_statement_is_looked_at_and_taken_once(desk: Desk, phone: StandardShop) -> None:
    desk.clock.turn(timedelta(hours=3))
    await register(desk)
    await forward(phone, mellat(2_400_000, 18_150_000))
    await desk.sara.get("/statements")
    page, address = await hand_in(desk.sara, STATEMENT.encode())
    for said in ("۱ واریز تازه", "۱ برداشت", "۱ پیش‌تر ثبت‌شده", "۷۰٬۰۰۰ تومان", "جمع یا سرجمع است"):
        assert said in page.words
    assert len(await desk.service.bank.book.open_lines(10)) == 1  # nothing was taken yet
    places = {"date": "0", "time": "1", "reference": "2", "text": "3", "out": "4", "in": "5", "balance": "6"}
    columns = places | {"unit": "rial"}
    page = await desk.sara.post(address, **columns)
    assert "۲ ردیف تازه ثبت شد؛ ۱ ردیف از پیش بود." in page.words
    again = await desk.sara.post(address, **columns)
    assert "۰ ردیف تازه ثبت شد؛ ۳ ردیف از پیش بود." in again.words
    lines = await desk.service.bank.book.open_lines(10)
    assert sorted(one.said.amount for one in lines) == [700_000, 2_400_000]
    late = await forward(phone, mellat(700_000, 18_850_000, at="11:58"))  # the text comes after the statement
    assert late.body["duplicate"] is True


async def test_a_statement_without_headings_is_mapped_by_hand(desk: Desk) -> None:
    desk.clock.turn(timedelta(hours=3))
    await desk.sara.get("/statements")
    page, address = await hand_in(desk.sara, "الف;ب;پ\n1405/09/02 11:52;240000;1815000\n".encode())
    assert "خودتان بگویید هر ستون چیست" in page.words
    page = await desk.sara.get(f"{address}?date=0&in=1&balance=2&unit=toman")
    assert "۲۴۰٬۰۰۰ تومان" in page.words
    await desk.sara.post(address, **({"date": "0", "balance": "2", "unit": "toman"} | {"in": "1"}))
    assert (await only_line(desk)).said.amount == 2_400_000
    other, _ = await hand_in(desk.sara, b"PK\x03\x04")
    assert "فایل خوانده نشد" in other.words


@pytest.mark.parametrize(
    "settings",
    [
        {
            "sources__bank": BANK
            | {
                "signature": {"scheme": "token", "header": "X-Token"},
                "secret": "a token of an aggregator",
                "currency": "IRT",
                "fields": {"amount": "creditAmount", "payment_id": "payId", "reference": "bankReferenceNumber"},
            }
        }
    ],
)
async def test_an_aggregator_s_webhook_is_described(desk: Desk, client: Client) -> None:
    await register(desk)
    await register(desk, "10026")
    body = {"creditAmount": 240_000, "payId": "10026", "bankReferenceNumber": "77"}
    for status in (202, 200):
        answer = await client.post("/webhooks/bank", json=body, headers={"X-Token": "a token of an aggregator"})
        assert answer.status == status
    page = await desk.sara.get("/deposits")
    assert "سفارشش پیدا شد" in page.words
    await press(desk.sara, await only_line(desk), "match", order="shop:10026")
    assert ((await order(desk)).prepaid, (await order(desk, "10026")).prepaid) == (False, True)
    refused = await client.post("/webhooks/bank", json=body, headers={"X-Token": "another"})
    assert refused.status == 401


async def test_who_is_erased_is_in_no_text_of_a_bank(desk: Desk, phone: StandardShop, redis: Redis) -> None:
    await register(desk)
    text = "بلو\nواریز پول\nسارا محمدی عزیز، 2,400,000 ریال به حساب شما نشست.\nموجودی: 9,000,000 ریال"
    await forward(phone, text, sender="blu")
    await press(desk.sara, await only_line(desk), "match", order="shop:10025")
    (line,) = await desk.service.bank.book.matched_lines(10)
    assert await BankBook(redis).forget_texts(["shop:10025"]) == 1
    left = await desk.service.bank.book.line(line.id)
    assert left
    assert (left.text, left.order, left.said.amount) == ("", "", 2_400_000)


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
async def test_money_that_goes_back_pays_nothing(desk: Desk, phone: StandardShop) -> None:
    await forward(phone, mellat(2_400_000, 18_150_000))
    desk.clock.turn(timedelta(minutes=2))
    kept = await forward(phone, mellat(2_400_000, 15_750_000, at="11:54", verb="برگشت واریز"))
    assert (kept.body["movement"], kept.body["standing"]) == ("correction", "noted")
    await register(desk)
    await desk.service.bank.tick()
    assert not (await order(desk)).prepaid
    page = await desk.sara.get("/deposits")
    assert "سفارشش پیدا شد" not in page.words
    assert (await only_line(desk)).twin


async def test_supervisors_are_told_when_a_matched_deposit_may_have_gone_back(desk: Desk, phone: StandardShop) -> None:
    await register(desk)
    await forward(phone, mellat(2_400_000, 18_150_000))
    await press(desk.sara, await only_line(desk), "match", order="shop:10025")
    desk.clock.turn(timedelta(hours=5))
    for _ in range(2):
        await forward(phone, mellat(2_400_000, 15_750_000, at="16:54", verb="اصلاحیه واریز"))
    alerts = [raw.decode() for raw in await desk.service.redis.lrange(names.ALERTS, 0, -1)]
    assert len([one for one in alerts if "برگشت یا اصلاح" in one]) == 1
    assert (await order(desk)).prepaid  # what is to be done about it is a person's word


AGGREGATOR = {
    "kind": "bank",
    "signature": {"scheme": "token", "header": "X-Token"},
    "secret": "a token of an aggregator",
    "fields": {"amount": "amount", "reference": "ref", "received_at": "at"},
}


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact", "sources__gateway": AGGREGATOR}])
@pytest.mark.parametrize("ways", ["tag", "tga", "atg", "agt", "gta", "gat"])
async def test_one_deposit_by_text_by_statement_and_by_an_aggregator_pays_one_order(
    desk: Desk, phone: StandardShop, client: Client, ways: str
) -> None:
    """Two orders await the same sum, one after the other: money that came once never pays the second."""
    await register(desk)
    came_at = desk.clock.now()
    desk.clock.turn(timedelta(hours=3))
    for number, way in enumerate(ways):
        if number == 1:
            await register(desk, "10026")
        match way:
            case "t":
                await phone.post(
                    {
                        "sender": "Bank Mellat",
                        "text": mellat(2_400_000, 18_150_000, at="12:00"),
                        "received_at": came_at.isoformat(),
                    }
                )
            case "a":
                body = {"amount": 2_400_000, "ref": "1001", "at": (came_at + timedelta(minutes=10)).isoformat()}
                await client.post("/webhooks/gateway", json=body, headers={"X-Token": AGGREGATOR["secret"]})
            case "g":
                await desk.sara.get("/statements")
                clock = came_at.strftime("%H:%M")
                head = "تاریخ,ساعت,شماره سند,شرح,بدهکار,بستانکار,مانده\n"
                rows = f"1405/09/02,{clock},1001,واریز,0,2400000,18150000\n"
                _, address = await hand_in(desk.sara, (head + rows).encode())
                places = {
                    "date": "0",
                    "time": "1",
                    "reference": "2",
                    "text": "3",
                    "out": "4",
                    "in": "5",
                    "balance": "6",
                }
                await desk.sara.post(address, **(places | {"unit": "rial"}))
        await desk.service.bank.tick()
    paid = [(await order(desk)).prepaid, (await order(desk, "10026")).prepaid]
    assert paid.count(True) <= 1
    assert not paid[1]


@pytest.mark.parametrize("settings", [{"deposits__automatic": "exact"}])
@pytest.mark.parametrize("balances", [True, False])
async def test_two_deposits_of_one_sum_in_one_minute(desk: Desk, phone: StandardShop, balances: bool) -> None:
    """With balances they are two; without them nobody can tell, and a person looks."""
    await register(desk)
    for number in range(2):
        balance = f"\nمانده{18_150_000 + number * 2_400_000:,}" if balances else ""
        await forward(phone, f"حساب1234567890\nواریز2,400,000{balance}\n05/09/02-11:52")
        desk.clock.turn(timedelta(seconds=20))
    await desk.service.bank.tick()
    found = await order(desk)
    if balances:
        assert (found.prepaid, found.deposit_surplus) == (True, 0)
        assert len(await desk.service.bank.book.open_lines(10)) == 1
    else:
        assert not found.prepaid
        assert "سفارشش پیدا شد" not in (await desk.sara.get("/deposits")).words
