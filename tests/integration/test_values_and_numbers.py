"""One order however its number is written, the right order for each number, and addresses with a slash too many."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from call_fixtures import BOSS
from mapping_shop import SOURCE, MappedShop, order
from redis.asyncio import Redis
from shops import SHOP_SECRET, ApiUser, Client, StandardShop, WooShop, request, send_all, standard_fixture, woo_bytes
from yarl import URL

from notifier.clock import TEHRAN, StillClock
from notifier.config.mapping import MappingSource
from notifier.console import scope
from notifier.console.search import search
from notifier.importing.refused import RefusedRows
from notifier.importing.running import Import, Totals
from notifier.importing.source import ImportSource
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator


def paid(order_id: int, number: str, name: str, phone: str) -> dict[str, Any]:
    address = {"first_name": name, "last_name": "محمدی", "city": "مشهد", "state": "RKH", "country": "IR"}
    return {
        "id": order_id,
        "number": number,
        "status": "processing",
        "currency": "IRT",
        "total": "18500000",
        "date_created_gmt": "2026-11-23T06:20:00",
        "date_modified_gmt": "2026-11-23T06:29:00",
        "date_paid_gmt": "2026-11-23T06:29:00",
        "billing": address | {"phone": phone},
        "shipping": address,
        "payment_method": "WC_ZPal",
        "transaction_id": "201785643310",
        "meta_data": [],
        "line_items": [{"name": "Xiaomi 13T Pro", "quantity": 1}],
        "refunds": [],
    }


async def imported(service: Service, clock: StillClock, path: Path, text: str) -> tuple[Totals, list[list[str]]]:
    """Import a table for the WooCommerce shop; the totals, and the rows that were refused."""
    path.write_text(text, encoding="utf-8")  # noqa: ASYNC240
    what = ImportSource(shop="woo", zone=TEHRAN, now=clock.now(), history_after=timedelta(days=2))
    with what.entries(path) as reading, RefusedRows(path) as refused:
        totals = await Import(service.committer, service.reader, refused, lambda totals, position: None).run(reading)
    if not refused.path.exists():
        return totals, []
    with refused.path.open(encoding="utf-8-sig") as file:
        return totals, list(csv.reader(file))[1:]


@pytest.mark.parametrize("partitions", [1, 4])
async def test_the_number_people_read_tells_the_order(
    service: Service, clock: StillClock, woo: WooShop, api: ApiUser, tmp_path: Path
) -> None:
    await woo.post(paid(71001, "1001", "سارا", "09120000001"))
    await woo.post(paid(71002, "71001", "بهرام", "09120000002"))
    text = "شماره سفارش,شرکت حمل,کد رهگیری\n1001,پست,111100001111000011110001\n۷۱۰۰۱,تیپاکس,222200002222000022220002\n"
    totals, refused = await imported(service, clock, tmp_path / "tracking.csv", text)
    assert (totals.taken, totals.waiting, refused) == (2, 0, [])
    codes = [(await api.get(f"/orders/{one}")).body["shipment"]["tracking_code"] for one in (71001, 71002)]
    assert codes == ["111100001111000011110001", "222200002222000022220002"]


async def test_numbers_of_plugins_are_found_and_unknown_ones_refused(
    service: Service, clock: StillClock, woo: WooShop, api: ApiUser, tmp_path: Path
) -> None:
    await woo.post(paid(71001, "SH-1405-1138", "سارا", "09120000001"))
    text = "order,code\nSH-۱۴۰۵-1138,5551\nSH-1405-9999,5552\n"
    totals, refused = await imported(service, clock, tmp_path / "tracking.csv", text)
    assert (totals.taken, totals.refused, totals.waiting) == (1, 1, 0)
    assert "no order of woo has the number SH-1405-9999" in refused[0][1]
    assert (await api.get("/orders/71001")).body["shipment"]["tracking_code"] == "5551"
    assert (await api.get("/orders/SH-1405-1138")).body["id"] == "71001"
    found, _ = await imported(service, clock, tmp_path / "again.csv", "order,code\n71001,5553\n")
    assert found.taken == 1  # by its id, for no number says otherwise


@pytest.mark.parametrize("numbers", [("5005", "5005"), ("6005", "6005")], ids=["twice", "and-an-id"])
async def test_a_row_that_fits_two_orders_is_refused_with_both_named(
    service: Service, clock: StillClock, woo: WooShop, tmp_path: Path, numbers: tuple[str, str]
) -> None:
    await woo.post(paid(6005, numbers[0], "سارا", "09120000001"))
    await woo.post(paid(7007, numbers[1], "بهرام", "09120000002"))
    totals, refused = await imported(service, clock, tmp_path / "t.csv", f"order,code\n{numbers[1]},5551\n")
    assert (totals.taken, totals.refused) == (0, 1)
    assert "6005 (سارا محمدی)" in refused[0][1]
    assert "7007 (بهرام محمدی)" in refused[0][1]


async def test_an_order_is_looked_up_in_any_digits(
    service: Service, woo: WooShop, api: ApiUser, shop: StandardShop
) -> None:
    await woo.post(paid(84010, "84010", "سارا", "09120000001"))
    for written in ("84010", "۸۴۰۱۰", "٨٤٠١٠", "84010\u200f"):
        assert (await api.get(f"/orders/{written}")).body["id"] == "84010"
        assert [one["order_id"] for one in await api.items(f"/messages?order_id={written}")]
        found = await search(_Parts(service), written, scope.of(BOSS))  # type: ignore[arg-type]
        assert [one.id for one in found.orders] == ["84010"]


class _Parts:
    """What a search needs of the console."""

    def __init__(self, service: Service) -> None:
        self.reader, self.redis, self.sources = service.reader, service.redis, list(service.config.sources)


async def test_persian_digits_make_no_second_order(
    make_config: Callable[..., Any],
    clock: StillClock,
    aiohttp_client: Callable[..., Any],
    redis: Redis,
) -> None:
    async with Service(make_config(sources__mine=SOURCE), clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        mine = MappedShop(client, clock, MappingSource(**SOURCE).scheme())
        first = await mine.post(order(id="۸۴۰۱۰"))
        assert [one["template"] for one in first.body["messages"]] == ["payment_succeeded_tehran"]
        second = await mine.post(order("sent", id="84010\u200f", parcel="77001122", changed="2026-11-23 09:40:00"))
        assert second.body["order_id"] == "84010"
        assert all("payment" not in one["template"] for one in second.body["messages"])
        assert len((await ApiUser(client).get("/orders")).body["items"]) == 1


@pytest.mark.parametrize("path", ["/webhooks/shop/", "//webhooks/shop", "/webhooks//shop", "//webhooks//shop//"])
async def test_an_address_with_a_slash_too_many_is_taken(client: Client, clock: StillClock, path: str) -> None:
    event = standard_fixture("payment.succeeded__tehran_online")
    body, headers = standard.signed(SHOP_SECRET, event, at=clock.now())
    address = URL(f"http://127.0.0.1:{client.port}{path}", encoded=True)
    async with client.session.post(address, data=body, headers=headers) as answer:
        assert answer.status == 202
        assert (await answer.json())["prepaid"] is True


async def test_what_is_refused_under_such_an_address_is_kept(client: Client, service: Service, api: ApiUser) -> None:
    refused = await request(
        client, "POST", "/webhooks/woo/", woo_bytes({"id": 1}), {"content-type": "application/json"}
    )
    assert refused.status == 401
    await service.rejections.write()
    assert [one["status"] for one in (await api.get("/deliveries")).body["items"]] == [401]


async def test_a_callback_with_a_slash_at_its_end_is_taken(client: Client) -> None:
    async with client.get("/callbacks/kavenegar/test-callback-token/delivery/?messageid=1&status=10") as answer:
        assert answer.status == 200
    async with client.get("/callbacks/kavenegar/wrong/delivery/") as answer:
        assert answer.status == 404


async def test_a_mark_before_a_webhook_s_body_is_passed_over(shop: StandardShop, woo: WooShop) -> None:
    event = json.dumps(standard_fixture("payment.succeeded__tehran_online")).encode()
    assert (await shop.post_raw(b"\xef\xbb\xbf" + event)).status == 202
    assert (await shop.post_raw(b"\xef\xbb\xbf[" + event + b"]", path="/batch")).status == 202
    answer = await woo.post_raw(b"\xef\xbb\xbf" + woo_bytes(paid(5, "5", "سارا", "09120000001")))
    assert answer.body["order_id"] == "5"


async def test_nothing_and_markup_never_leave(
    service: Service, clock: StillClock, simulator: Simulator, woo: WooShop, api: ApiUser
) -> None:
    document = paid(97001, "97001", "سارا", "09120000001") | {"transaction_id": "0"}
    document["billing"]["last_name"] = "null"
    document["shipping"]["last_name"] = "null"
    document["meta_data"] = [{"key": "post_barcode", "value": "-"}]
    answer = await woo.post(document)
    assert not [one for one in answer.body["messages"] if "shipped" in one["template"]]
    await send_all(service, clock)
    assert simulator.messages
    for message in simulator.messages:
        assert "null" not in message.text
        assert "شماره قبض" not in message.text
    assert (await api.get("/orders/97001")).body["customer"]["name"] == "سارا"


async def test_a_text_of_a_million_signs_is_taken_and_cut(client: Client, service: Service) -> None:
    for field in ("message", "from", "messageid"):
        fields = {"from": "09121234567", "message": "سلام", "messageid": field} | {field: "\ufdfa" * 100_000}
        headers = {"Content-Type": "application/json"}
        body = json.dumps(fields).encode()
        answer = await request(client, "POST", "/callbacks/kavenegar/test-callback-token/inbound", body, headers)
        assert answer.status == 200
    huge = b'{"from": "09121234567", "message": "a", "messageid": ' + b"9" * 5000 + b"}"
    answer = await request(
        client, "POST", "/callbacks/kavenegar/test-callback-token/inbound", huge, {"Content-Type": "application/json"}
    )
    assert answer.status == 200
