"""An order as WooCommerce's REST API v3 shows it, which is what its webhooks post."""

from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from notifier.clock import TEHRAN


def payload(order_id: str, order: dict[str, Any], changes: list[tuple[datetime, dict[str, Any]]]) -> dict[str, Any]:
    """``order`` after all of its ``changes``, oldest first: the first made it, the last is being posted."""
    now: dict[str, Any] = {}
    for _, change in changes:
        now |= change
    paid = next((at for at, change in changes if change.get("paid")), None)
    completed = next((at for at, change in changes if change.get("status") == "completed"), None)
    number, item, total = int(order_id), order["item"], str(order["toman"])
    address = {
        "first_name": order["first_name"],
        "last_name": order["last_name"],
        "company": "",
        "address_1": "خیابان آزادی، کوچهٔ مهر، پلاک ۱۲",
        "address_2": "",
        "city": order["city"],
        "state": order["state"],
        "postcode": "1966733111",
        "country": "IR",
    }
    meta = {"is_vat_exempt": "no"}
    if code := now.get("tracking_code"):
        meta["post_barcode"] = code
    key = f"wc_order_{crc32(order_id.encode()):08x}"
    return {
        "id": number,
        "parent_id": 0,
        "status": now["status"],
        "currency": "IRT",
        "version": "10.3.5",
        "prices_include_tax": False,
        **_dates("created", changes[0][0]),
        **_dates("modified", changes[-1][0]),
        "discount_total": "0",
        "discount_tax": "0",
        "shipping_total": "0",
        "shipping_tax": "0",
        "cart_tax": "0",
        "total": total,
        "total_tax": "0",
        "customer_id": number % 1000,
        "order_key": key,
        "billing": address | {"email": "customer@shop.example", "phone": order["phone"]},
        "shipping": address | {"phone": ""},
        "payment_method": order["payment_method"],
        "payment_method_title": order["payment_method_title"],
        "transaction_id": now.get("transaction_id", ""),
        "customer_ip_address": "192.0.2.17",
        "customer_user_agent": "Mozilla/5.0 (Linux; Android 14; 23078PND5G)",
        "created_via": "checkout",
        "customer_note": now.get("customer_note", ""),
        **_dates("completed", completed),
        **_dates("paid", paid),
        "cart_hash": f"{crc32(item.encode()):08x}",
        "number": order_id,
        "meta_data": [
            {"id": number * 10 + n, "key": name, "value": value} for n, (name, value) in enumerate(meta.items())
        ],
        "line_items": [
            {
                "id": number + 500,
                "name": item,
                "product_id": 2417,
                "variation_id": 0,
                "quantity": 1,
                "tax_class": "",
                "subtotal": total,
                "subtotal_tax": "0",
                "total": total,
                "total_tax": "0",
                "taxes": [],
                "meta_data": [],
                "sku": f"MI-{number}",
                "price": order["toman"],
                "parent_name": None,
            }
        ],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "payment_url": f"https://shop.example/checkout/order-pay/{order_id}/?pay_for_order=true&key={key}",
        "is_editable": now["status"] in ("pending", "on-hold"),
        "needs_payment": now["status"] in ("pending", "failed"),
        "needs_processing": True,
        "currency_symbol": "تومان",
    }


def _dates(name: str, moment: datetime | None) -> dict[str, str | None]:
    """The shop's local time, and UTC."""
    if moment is None:
        return {f"date_{name}": None, f"date_{name}_gmt": None}
    local, utc = (f"{moment.astimezone(zone):%Y-%m-%dT%H:%M:%S}" for zone in (TEHRAN, UTC))
    return {f"date_{name}": local, f"date_{name}_gmt": utc}
