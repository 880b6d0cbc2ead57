"""Many events with one signature."""

import asyncio
from typing import Any

import pytest
from shops import ApiUser, StandardShop, WooShop, standard_fixture, woo_fixture

from notifier.service.process import Service

PAID = "payment.succeeded__tehran_online"


def order(number: int) -> Any:
    payload = standard_fixture(PAID)
    data = payload["data"] | {"order_id": f"B{number}"}
    return payload | {"data": data | {"customer": data["customer"] | {"phone": f"0912{number:07}"}}}


@pytest.mark.parametrize("partitions", [1, 4])
async def test_each_event_is_answered_in_its_place(shop: StandardShop, partitions: int) -> None:
    answer = await shop.post([order(n) for n in range(500)], event_id="batch", path="/batch")
    assert answer.status == 202
    assert [part["order_id"] for part in answer.body] == [f"B{n}" for n in range(500)]
    assert [part["event_id"] for part in answer.body] == [f"batch/{n}" for n in range(500)]
    assert {part["status"] for part in answer.body} == {202}
    assert len({message["id"] for part in answer.body for message in part["messages"]}) == 500


async def test_a_batch_that_comes_again_is_known(shop: StandardShop, service: Service) -> None:
    events = [order(n) for n in range(3)]
    first = await shop.post(events, event_id="batch", path="/batch")
    again = await shop.post(events, event_id="batch", path="/batch")
    assert again.status == 202
    assert again.body == [part | {"status": 200, "duplicate": True} for part in first.body]
    changed = await shop.post([order(0), order(9), order(2), order(3)], event_id="batch", path="/batch")
    assert [part["status"] for part in changed.body] == [200, 409, 200, 202]


async def test_one_bad_event_spoils_no_other(shop: StandardShop, api: ApiUser) -> None:
    answer = await shop.post([order(0), {"type": "order.lost"}, order(2), 7], path="/batch")
    assert answer.status == 202
    assert [part["status"] for part in answer.body] == [202, 422, 202, 422]
    assert [mistake["loc"] for mistake in answer.body[1]["errors"]] == [["type"], ["timestamp"], ["data"]]
    assert (await api.get("/orders/B2")).status == 200


async def test_events_of_one_order_in_one_batch(shop: StandardShop, api: ApiUser) -> None:
    names = ["order.registered__tehran_online", PAID, "order.preparing__order_id_alone", "order.packed__order_id_alone"]
    answer = await shop.post([standard_fixture(name) for name in names], path="/batch")
    assert [part["status"] for part in answer.body] == [202] * 4
    stored = (await api.get("/orders/10025")).body
    assert (stored["stage"], stored["prepaid"]) == ("packed", True)


@pytest.mark.parametrize("document", [[], {}, "x", None, [1] * 501])
async def test_what_is_no_batch_is_refused(shop: StandardShop, document: object) -> None:
    answer = await shop.post(document, path="/batch")
    assert answer.status == 422
    assert answer.is_problem


async def test_a_batch_is_signed_as_a_whole(shop: StandardShop) -> None:
    other = StandardShop(shop.client, shop.clock, secret="whsec_b3RoZXI=")
    answer = await other.post([order(0)], path="/batch")
    assert answer.status == 401
    assert answer.is_problem


async def test_woocommerce_has_no_batch(shop: StandardShop, woo: WooShop) -> None:
    beside = WooShop(woo.client, name="woo/batch")
    answer = await beside.post([woo_fixture("order.created__pending_online")["body"]])
    assert answer.status == 404
    assert answer.is_problem


async def test_batches_at_once(shop: StandardShop, api: ApiUser) -> None:
    answers = await asyncio.gather(
        *(shop.post([order(n) for n in range(100 * b, 100 * b + 100)], path="/batch") for b in range(4))
    )
    assert {part["status"] for answer in answers for part in answer.body} == {202}
    assert len(await api.items("/orders")) == 400
