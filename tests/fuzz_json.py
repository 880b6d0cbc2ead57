"""Hostile JSON: events and orders as shops post them, bent in ways that somebody, somewhere, will."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

ATOMS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400, 1e308, -0.0,
    1e-320,
    0.1, "", " ", "\u0000", "a\u0000b", "\u200c", "\u202e", "\ufeff", "\U0001f4a9", "e\u0301", "\ud800", "\udfff\ud800",
    "۱۲۳", "٠٩١٢١٢٣٤٥٦٧", "０９１２１２３４５６７", "᠐᠑᠒", "²³", "Ⅷ", "09121234567", "+98 912 123 4567",
    "00989121234567",
    "0912-123-4567 ext 5", "tel:+989121234567", "0" * 200, "9" * 5000, "x" * 100_000, "ب" * 30_000, "..", ".", "a/b",
    "a:b",
    "%2e%2e", "{{ 7*7 }}", "{% for x in y %}", "{0.__class__}", "<script>alert(1)</script>", "' OR 1=1 --",
    "\r\nX: y", "\t\n",
    "nan", "NaN", "Infinity", "true", "null", "1e5", "0x10", "1_000", "١٨٥٠٠٠٠٠٠", "-5", "1.5", "12345678901234567890",
    "2026-11-23T10:00:00+03:30", "2026-11-23T10:00:00", "2026-02-30T10:00:00Z", "2026-11-23T24:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59", "2026-11-23T10:00:00+99:99", "۲۰۲۶-۱۱-۲۳T۱۰:۰۰:۰۰Z", "1795415400", 1795415400, 1e18,
    "2026-11-23",
    "2026-11-23T10:00:60Z", "2026-11-23T10:00:00.123456789123Z", "order.registered", "payment.succeeded",
    "order.nothing",
    "cash", "online", "bank_transfer", "IRR", "IRT", "IRHR", "USD", "http://x", "https://x y", "javascript:alert(1)",
    "completed",
    "processing", "wc-completed", "trash", [], {}, [[]], [None], {"": None}, {"a": {"b": {"c": []}}}, [1, "2", None,
    {}],
)  # fmt: skip
KEYS = (
    "",
    "a",
    "id",
    "type",
    "data",
    "order_id",
    "customer",
    "phone",
    "__proto__",
    "\u0000",
    "\ud800",
    "x" * 300,
    "v",
    "ردیف",
    "$ref",
    "items",
)

_RAW_ATOMS = (
    b"NaN", b"-Infinity", b"1e999", b"1E-999", b"-0", b"00", b"+1", b".5", b"1.", b"0x1", b"'a'", b"undefined",
    b"True", b"/**/1",
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\\x41"', b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"',
    b"9" * 4000, b"9" * 5000,
    b"-" + b"8" * 20_000, b"1" + b"0" * 400 + b".5", b"[" * 150 + b"]" * 150, b"[" * 250 + b"]" * 250, b"[" * 100_000,
    b'{"a":' * 190 + b"1" + b"}" * 190, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"a":1,"a":2}', b"[1,]",
    b"\xef\xbb\xbf1",
)  # fmt: skip
"""What no serializer writes."""

_MARK = "@@here@@"


def mutated(random: Random, document: Any) -> Any:
    """A copy of a document, changed in a few places."""
    document = copy.deepcopy(document)
    for _ in range(min(6, int(random.expovariate(0.7)))):
        places = list(_places(document))
        if not places:
            return random.choice(ATOMS)
        holder, key = random.choice(places)
        match random.randrange(8):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[random.choice(KEYS)] = copy.deepcopy(random.choice(ATOMS))
            case 2:
                holder[key] = [holder[key]]
            case 3:
                holder[key] = nested(random, random.choice((2, 20, 150, 195, 198, 199, 200, 201, 300)), holder[key])
            case 4 if isinstance(holder, dict):
                holder[random.choice(KEYS)] = holder.pop(key)
            case 5 if isinstance(holder, list):
                holder.extend([copy.deepcopy(holder[key]) for _ in range(random.choice((1, 10, 600)))])
            case 6 if isinstance(holder[key], str):
                holder[key] = _bent(random, holder[key])
            case _:
                holder[key] = copy.deepcopy(random.choice(ATOMS))
    return document


def written(random: Random, document: Any) -> bytes:
    """A document as bytes: in some hand, and now and then with something in it that is no JSON."""
    if random.random() < 0.12:
        places = list(_places(document))
        if places:
            holder, key = random.choice(places)
            holder[key] = _MARK
            return _dumped(random, document).replace(json.dumps(_MARK).encode(), random.choice(_RAW_ATOMS))
    body = _dumped(random, document)
    if random.random() < 0.04 and body.startswith(b"{"):  # the same key twice
        body = b'{"data":{},"type":"order.packed","id":7,' + body[1:]
    return damaged(random, body) if random.random() < 0.12 else body


def damaged(random: Random, body: bytes) -> bytes:
    """Bytes with something wrong in them."""
    place = random.randrange(len(body) + 1)
    match random.randrange(8):
        case 0:
            return body[:place]
        case 1:
            return body[:place] + random.randbytes(random.randrange(1, 9)) + body[place:]
        case 2:
            return body[:place] + bytes([random.randrange(256)]) + body[place + 1 :]
        case 3:
            return body.decode(errors="replace").encode(random.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7")))
        case 4:
            return body + random.choice((b"\x00", b"{}", b" " * 1000, b",", body))
        case 5:
            return random.choice((b"", b" ", b"null", b"[]", b"{}", b'""', b"0", b"\xff\xfe", b"\x00"))
        case 6:
            return random.choice(_RAW_ATOMS)
        case _:
            return random.randbytes(random.randrange(200))


def nested(random: Random, depth: int, inside: Any) -> Any:
    for _ in range(depth):
        inside = [inside] if random.random() < 0.5 else {"a": inside}
    return inside


def _dumped(random: Random, document: Any) -> bytes:
    ascii_only = random.random() < 0.5
    separators = random.choice(((",", ":"), (", ", ": "), (" ,\n", "\t: ")))
    text = json.dumps(document, ensure_ascii=ascii_only, separators=separators)
    return text.encode(errors=random.choice(("surrogatepass", "replace")))


def _bent(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return random.choice(
        (
            text[:place] + random.choice(("\u0000", "\u200c", "\u202e", "\ud800", "\n", "'", '"', "\\",
            "٪")) + text[place:],
            text * random.choice((2, 50)),
            text[::-1],
            text.translate({ord("0") + digit: ord("۰") + digit for digit in range(10)}),
            text.upper(),
            f" {text}\t",
        )
    )  # fmt: skip


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: what holds it, and its key or index."""
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, value in items:
            yield holder, key
            if isinstance(value, dict | list):
                waiting.append(value)
