"""V6 and V13 of ASVS, cryptography: a delivery counts as it was signed, when it was signed, and for whom."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from shops import ApiUser, StandardShop, WooShop, standard_fixture

from notifier.clock import StillClock
from notifier.practice import standard

PAID = "payment.succeeded__tehran_online"


def other(text: str) -> str:
    return ("A" if text[0] != "A" else "B") + text[1:]


def tampered(body: bytes, headers: dict[str, str]) -> dict[str, tuple[bytes, dict[str, str]]]:
    version, _, signature = headers["webhook-signature"].partition(",")
    stamp = headers["webhook-timestamp"]

    def said(**changed: str | None) -> tuple[bytes, dict[str, str]]:
        names = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = {name: value for name, value in (headers | names).items() if value is not None}
        return body, kept

    return {
        "no signature": said(webhook_signature=None),
        "no id": said(webhook_id=None),
        "no time": said(webhook_timestamp=None),
        "an empty signature": said(webhook_signature=""),
        "no version": said(webhook_signature=signature),
        "another version": said(webhook_signature=f"v2,{signature}"),
        "version only": said(webhook_signature=f"{version},"),
        "not base64": said(webhook_signature="v1,!!!"),
        "one letter": said(webhook_signature=f"v1,{other(signature)}"),
        "cut": said(webhook_signature=f"v1,{signature[:-4]}"),
        "in hexadecimal": said(webhook_signature=f"v1,{base64.b64decode(signature).hex()}"),
        "not ASCII": said(webhook_signature="v1,ضضض="),
        "another id": said(webhook_id="msg_other"),
        "an id with a dot": said(webhook_id=f"{headers['webhook-id']}."),
        "another time": said(webhook_timestamp=str(int(stamp) + 1)),
        "no number": said(webhook_timestamp="now"),
        "a fraction": said(webhook_timestamp=f"{stamp}.0"),
        "other digits": said(webhook_timestamp="".join(chr(0x06F0 + int(digit)) for digit in stamp)),
        "a sum": said(webhook_timestamp=f"+{stamp}"),
        "endless": said(webhook_timestamp="9" * 5000),
        "below nought": said(webhook_timestamp=f"-{stamp}"),
        "another body": (body.replace(b"10025", b"10026"), headers),
        "a blank more": (body + b" ", headers),
        "no body": (b"", headers),
    }


NAMES = list(tampered(b"{}", {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}))


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_is_believed_that_was_changed(shop: StandardShop, api: ApiUser, name: str) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    answer = await shop.send(*tampered(body, headers)[name])
    assert answer.status == 401
    assert answer.is_problem
    assert (await api.get("/orders/10025")).status == 404
    assert (await shop.send(body, headers)).status == 202, "while as it was signed it counts"


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 365, 60 * 24 * 365])
async def test_a_clock_that_jumps(shop: StandardShop, clock: StillClock, minutes: int) -> None:
    """What was signed at another time than ours is refused, and counts when it is signed again by the right clock."""
    wrong = standard.signed(shop.secret, standard_fixture(PAID), at=clock.now() + timedelta(minutes=minutes))
    assert (await shop.send(*wrong)).status == 401
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=clock.now())
    assert (await shop.send(body, headers)).status == 202
    clock.turn(timedelta(minutes=4))
    repeated = await shop.send(body, headers)
    assert (repeated.status, repeated.body["duplicate"]) == (200, True)
    clock.turn(timedelta(minutes=2))
    assert (await shop.send(body, headers)).status == 401, "what was recorded is worth nothing later"


@pytest.mark.parametrize("encoded", ["", "x", "AAAA", "!", "ض", None])
async def test_woocommerce(woo: WooShop, api: ApiUser, encoded: str | None) -> None:
    body = json.dumps({"id": 7, "status": "processing"}).encode()
    headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}
    if encoded is not None:
        headers["X-WC-Webhook-Signature"] = encoded
    answer = await woo.client.post("/webhooks/woo", data=body, headers=headers)
    assert answer.status == 401
    wrong = base64.b64encode(hmac.digest(b"another secret", body, hashlib.sha256)).decode()
    answer = await woo.client.post("/webhooks/woo", data=body, headers=headers | {"X-WC-Webhook-Signature": wrong})
    assert answer.status == 401
    assert (await api.get("/orders/7")).status == 404


async def test_one_shop_does_not_sign_for_another(shop: StandardShop, woo: WooShop, api: ApiUser) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    answer: Any = await shop.client.post("/webhooks/woo", data=body, headers=headers)
    assert answer.status == 401
    assert (await api.get("/orders/10025")).status == 404


BOMBS = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "closed": b"[" * 50_000 + b"]" * 50_000,
    "a number of digits": b'{"type":"order.packed","timestamp":' + b"9" * 500_000 + b"}",
    "an exponent": b'{"type":"order.packed","timestamp":1e999999999}',
    "a small exponent": b'{"data":{"payment":{"amount":1e-999999999}}}',
    "many keys": b"{" + b",".join(b'"k%d":1' % number for number in range(60_000)) + b"}",
    "the same key": b"{" + b",".join(b'"k":1' for _ in range(100_000)) + b"}",
    "a long key": b'{"' + b"k" * 900_000 + b'":1}',
    "escapes": b'{"a":"' + b"\\u0041" * 150_000 + b'"}',
    "half a character": b'{"a":"\\ud800"}',
    "no text": b'{"a":"\xff\xfe"}',
    "a nought": b'{"a":"\x00"}',
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "a mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "two": b"{}{}",
    "nothing": b"",
    "blanks": b" " * 1_000_000,
    "a text": b'"x"',
    "null": b"null",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("path", ["", "/batch"])
async def test_a_bomb_is_refused_with_a_sentence(shop: StandardShop, bomb: bytes, path: str) -> None:
    answer = await shop.post_raw(bomb, path=path)
    assert answer.status in (400, 422)
    assert answer.is_problem
    assert answer.body["detail"]
