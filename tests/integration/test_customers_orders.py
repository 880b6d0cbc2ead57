"""Whose order it is: the list of a customer's orders follows the phone that the shop names last."""

from shops import StandardShop, standard_fixture

from notifier.service.process import Service
from notifier.store.keys import Keys

REGISTERED, PACKED = "order.registered__tehran_online", "order.packed__order_id_alone"
KEYS = Keys(0)


async def listed(service: Service, phone: str) -> list[bytes]:
    found: list[bytes] = await service.redis.zrange(KEYS.customer_orders(phone), 0, -1)
    return found


async def test_an_order_moves_to_the_customer_it_is_said_to_be_of(shop: StandardShop, service: Service) -> None:
    first = standard_fixture(REGISTERED)
    assert (await shop.post(first)).status == 202
    phone = first["data"]["customer"]["phone"]
    assert await listed(service, phone) == [b"shop:10025"]
    later = standard_fixture(PACKED)
    later["data"]["customer"] = {"phone": "09350001122"}
    assert (await shop.post(later)).status == 202
    assert await listed(service, "09350001122") == [b"shop:10025"]
    assert await listed(service, phone) == []
