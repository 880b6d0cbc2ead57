"""A customer's address and note, from each kind of shop: taken in within bounds, and forgotten with the customer."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mapping_shop import SOURCE, order

from notifier.clock import TEHRAN
from notifier.config.mapping import MappingSource
from notifier.domain.events import EventType
from notifier.errors import Unprocessable
from notifier.intake.mapping import events
from notifier.intake.standard import payload
from notifier.intake.woocommerce.snapshot import parse
from notifier.practice import standard

AT = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
WOO = Path(__file__).parents[1] / "fixtures" / "woocommerce" / "order.created__processing_cash.json"


def ours(**customer: Any) -> payload.Payload:
    document = standard.event(EventType.REGISTERED, at=AT)
    document["data"]["customer"] |= customer
    return payload.validate(document)


def test_an_event_of_our_own() -> None:
    details = ours(address="  ونك، پلاك 12  ", note="-").event(source="shop", event_id="1").details
    assert details.address == "ونک، پلاک 12"
    assert details.note is None
    assert ours().event(source="shop", event_id="1").details.address is None


@pytest.mark.parametrize("field", ["address", "note"])
@pytest.mark.parametrize("value", ["x" * 501, 12, ["ونک"], {"street": "ونک"}, True])
def test_what_is_no_address_is_refused(field: str, value: Any) -> None:
    with pytest.raises(Unprocessable) as refused:
        ours(**{field: value})
    assert [error["loc"][-1] for error in refused.value.errors] == [field]


def woo(**more: Any) -> Any:
    document = json.loads(WOO.read_bytes())["body"]
    for name, value in more.items():
        document[name] = document.get(name, {}) | value if isinstance(value, dict) else value
    return parse(json.dumps(document).encode()).details


def test_an_order_of_woocommerce() -> None:
    shipping = {"address_1": "ونک، پلاک ۱۲", "address_2": "واحد ۴"}
    assert woo(shipping=shipping, customer_note="زنگ <b>سوم</b>").address == "ونک، پلاک ۱۲، واحد ۴"
    assert woo(customer_note="زنگ <b>سوم</b>").note == "زنگ سوم"
    nowhere = {"address_1": "", "address_2": ""}
    assert woo(shipping=nowhere, billing={"address_1": "کریم‌خان"}).address.startswith("کریم‌خان")
    assert woo(shipping=nowhere, billing=nowhere).address is None
    assert len(woo(shipping={"address_1": "x" * 9000}, customer_note="y" * 9000).address) < 500
    assert woo(shipping={"address_1": ["x"]}, billing=nowhere).address in (None, woo(shipping=shipping).address)


def test_a_shop_that_is_described() -> None:
    where = SOURCE["fields"]["customer"] | {"address": "buyer.street", "note": "buyer.words"}
    source = SOURCE | {"fields": SOURCE["fields"] | {"customer": where}}
    document = order(buyer={"mobile": "09121234567", "street": "ونک &amp; ملاصدرا", "words": "<i>زنگ سوم</i>"})
    rules = MappingSource(**source).rules(TEHRAN)
    body = json.dumps(document).encode()
    found = events.read(body, "application/json", {}, rules, source="mine", received_at=AT).event.details
    assert (found.address, found.note) == ("ونک & ملاصدرا", "زنگ سوم")
