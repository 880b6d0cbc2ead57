"""How long one event can hold the loop: ``python -m bench.worst_inputs [--rounds N] [--only WORD]``.

Posts the worst that a shop, a provider or a file may legally bring, up to the size that is taken, to a whole service
over HTTP, from a thread of its own, and prints for each input the longest time in which the loop did nothing else: by
the wall, and in brackets what the loop itself worked of it. The latter is judged, for whatever else the machine does
makes the former longer. Of several rounds the shortest counts. Ends with 1 when an input took more than the limit.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import structlog
import uvloop
from aiohttp.test_utils import TestServer

from bench import worst_callbacks
from bench.table import Row, show
from bench.worst_callbacks import ROOM, SECTIONS, SHOP, START, TOKEN, WIDE, Input, signed
from notifier.cli.serving import spare_the_collector
from notifier.clock import TEHRAN, StillClock
from notifier.config.loading import load
from notifier.domain.events import EventType
from notifier.importing import jsonl, tracking
from notifier.incoming import documents
from notifier.practice import standard
from notifier.service.process import WEB, Service

LIMIT = 50.0  # ms
WOO, MINE = "woo-bench-secret", "a-mapped-secret"
MAPPED: dict[str, Any] = {
    "kind": "mapping",
    "secret": MINE,
    "signature": {"scheme": "hmac", "header": "X-Signature"},
    "status": "state",
    "time": "changed",
    "statuses": {"paid": ["order.registered", "paid"]},
    "methods": {"gateway": "online"},
    "fields": {
        "order_id": "id",
        "customer": {"name": "buyer.name", "phone": "buyer.mobile", "city": "buyer.town"},
        "payment": {"method": "pay", "amount": "total", "currency": "unit", "reference": "receipt"},
        "items": "lines[].{name: title, quantity: count}",
        "shipment": {"tracking_code": "parcel"},
    },
}


@dataclass(slots=True)
class Pulse:
    """Feels how long each turn of the loop takes; wall time and the loop's own work, in ms."""

    held: float = 0.0
    worked: float = 0.0
    _going: bool = field(default=True)

    async def beat(self) -> None:
        before, work = time.perf_counter(), time.thread_time()
        while self._going:
            await asyncio.sleep(0)
            now, done = time.perf_counter(), time.thread_time()
            self.held, self.worked = max(self.held, (now - before) * 1000), max(self.worked, (done - work) * 1000)
            before, work = now, done

    def stop(self) -> None:
        self._going = False


def inputs() -> Iterator[Input]:
    """Every input, each with a good signature."""
    yield from (_standard(name, json.dumps(body).encode()) for name, body in _events())
    yield from (_standard(name, body) for name, body in _texts_of_json())
    small = [_event(order_id=f"b{n}", customer={"phone": f"0912{n:07}", "city": "تهران"}) for n in range(500)]
    yield _standard("a batch of 500", json.dumps(small).encode(), path="/batch")
    wide = {"name": WIDE * 100, "city": WIDE * 100, "province": WIDE * 90}
    full = [_event(order_id=f"w{n}", customer={"phone": f"0912{n:07}"} | wide) for n in range(500)]
    yield _standard("a batch of 500 full of wide signs", json.dumps(full, ensure_ascii=False).encode(), path="/batch")
    yield from (_woo(name, json.dumps(body).encode()) for name, body in _orders())
    yield from (_woo(f"8 MiB of {name}", body) for name, body in _large_orders())
    yield from (_mapped(name, json.dumps(body).encode()) for name, body in _mapped_orders())
    form = "application/x-www-form-urlencoded"
    yield _mapped("a form of 2,000 fields", "&".join(f"f{n}[a][b]=1" for n in range(1990)).encode(), kind=form)
    yield _mapped("a form with one deep key", b"a" + b"[b]" * (ROOM // 3) + b"=1", kind=form)
    yield _mapped("a form of one long key", b"a" + b"[" * ROOM + b"=1", kind=form)
    yield from worst_callbacks.inputs()


def _event(**data: Any) -> dict[str, Any]:
    return standard.event(EventType.PAID, at=START, order_id="7") | {"data": {"order_id": "7"} | data}


def _events() -> Iterator[tuple[str, Any]]:
    phone = {"phone": "09121234567"}
    long = {"digits": "9" * ROOM, "wide signs": WIDE * (ROOM // 6), "marks": "\u200f" * (ROOM // 6)}
    for what, text in long.items():
        yield f"order_id of {what}", _event(order_id=text, customer=phone)
        yield f"phone of {what}", _event(customer={"phone": text})
        yield f"name of {what}", _event(customer=phone | {"name": text})
        yield f"reference of {what}", _event(customer=phone, payment={"reference": text})
        yield f"code of {what}", _event(customer=phone, shipment={"tracking_code": text})
        yield f"timestamp of {what}", _event(customer=phone) | {"timestamp": text}
    full = {"phone": "0912" + "-" * 48 + "1234567", "name": WIDE * 200, "city": WIDE * 200, "province": WIDE * 200}
    payment = {"method": "online", "amount": 185_000_000, "reference": "a" * 200}
    yield "every text as long as may be", _event(customer=full, payment=payment)
    yield "500 items of wide signs", _event(customer=phone, items=[{"name": WIDE * 500, "quantity": 9}] * 60)
    yield "500 items", _event(customer=phone, items=[{"name": "گوشی " * 90, "quantity": 9}] * 500)
    yield "20,000 items", _event(customer=phone, items=[{"name": "a", "quantity": 2}] * 20_000)
    yield "a link", _event(customer=phone, shipment={"url": "https://" + "a." * (ROOM // 2)})
    yield "60,000 unknown fields", _event(customer=phone) | {f"unknown{n}": n for n in range(60_000)}
    yield "100,000 unknown texts", _event(customer=phone) | {"unknown": ["a"] * 150_000}
    yield "markup in a name", _event(customer=phone | {"name": "<" * ROOM})


def _texts_of_json() -> Iterator[tuple[str, bytes]]:
    def amount(figure: str) -> bytes:
        return json.dumps(_event(payment={"amount": 77})).replace("77", figure).encode()

    yield "an amount of 4,000 digits", amount("9" * 4000)
    yield "an amount of a million digits", amount("9" * ROOM)
    yield "an amount of 1e300000", amount("1e300000")
    yield "an amount of text", amount('"' + "9" * ROOM + '"')
    yield "brackets", b"[" * ROOM
    yield (
        "lists of nothing",
        amount("1").replace(b'"data"', b'"many": [' + b",".join([b"[]"] * (ROOM // 3)) + b'], "data"'),
    )
    most = documents.OF_AN_ORDER - 40
    yield (
        "as many lists as may be",
        amount("1").replace(b'"data"', b'"many": [' + b",".join([b"[]"] * most) + b'], "data"'),
    )
    yield "a deep list", amount("1").replace(b'"data"', b'"deep": ' + b"[" * 180 + b"]" * 180 + b', "data"')


def _order(**changed: Any) -> dict[str, Any]:
    return {
        "id": 71001,
        "number": "71001",
        "status": "processing",
        "currency": "IRT",
        "total": "18500000",
        "date_created_gmt": "2026-11-23T06:20:00",
        "date_modified_gmt": "2026-11-23T06:29:00",
        "date_paid_gmt": "2026-11-23T06:29:00",
        "billing": {"first_name": "سارا", "last_name": "محمدی", "city": "مشهد", "phone": "09120000001"},
        "payment_method": "WC_ZPal",
        "transaction_id": "201785643310",
        "meta_data": [],
        "line_items": [],
        "refunds": [],
    } | changed


def _orders() -> Iterator[tuple[str, Any]]:
    long = {"digits": "9" * ROOM, "wide signs": WIDE * (ROOM // 6), "marks": "\u200f" * (ROOM // 6), "tags": "<" * ROOM}
    long |= {"entities": "&amp;" * (ROOM // 5), "open tags": "<a " * (ROOM // 3), "noughts": "&#" + "9" * ROOM}
    for what, text in long.items():
        for name in ("number", "status", "total", "payment_method", "transaction_id", "date_paid_gmt", "currency"):
            yield f"{name} of {what}", _order(**{name: text})
        for name in ("first_name", "city", "state", "phone"):
            yield f"{name} of {what}", _order(billing={"phone": "09120000001", name: text})
        yield f"barcode of {what}", _order(meta_data=[{"key": "post_barcode", "value": text}])
        yield f"item of {what}", _order(line_items=[{"name": text, "quantity": 1}])
    yield "50 lines of 2.5 kg", _order(line_items=[{"name": f"برنج {n}", "quantity": 2.5} for n in range(50)])
    yield "20,000 lines", _order(line_items=[{"name": "a", "quantity": 1e300} for _ in range(20_000)])
    yield "800 names of wide signs", _order(line_items=[{"name": WIDE * 200, "quantity": 1} for _ in range(700)])
    yield "20,000 refunds", _order(refunds=[{"total": "-1.00"} for _ in range(40_000)])
    yield "refunds of many digits", _order(refunds=[{"total": "-" * 40 + "9" * 4000} for _ in range(240)])
    yield "20,000 meta data", _order(meta_data=[{"key": f"k{n}", "value": "v"} for n in range(28_000)])
    parcels = [{"tracking_number": "-"} for _ in range(35_000)]
    yield "35,000 parcels", _order(meta_data=[{"key": "_wc_shipment_tracking_items", "value": parcels}])
    yield "100,000 parcels of nothing", _order(meta_data=[{"key": "tracking_number", "value": [""] * 200_000}])
    yield "a number of 4,000 digits", _order(number=10**4000 if sys.get_int_max_str_digits() > 4001 else 0)


def _large_orders() -> Iterator[tuple[str, bytes]]:
    """As large as a delivery of WooCommerce may be: plugins write pages into meta data."""
    order, room = json.dumps(_order()).encode()[:-1], (8 << 20) - 4000

    def filled(name: str, piece: bytes) -> bytes:
        pieces = b",".join([piece] * (room // (len(piece) + 1)))
        return order.replace(f'"{name}": []'.encode(), f'"{name}": [%s]'.encode() % pieces) + b"}"

    yield "meta data", filled("meta_data", b'{"key":"a","value":1}')
    yield "meta data of nothing", filled("meta_data", b"{}")
    yield "meta data that are large", filled("meta_data", b'{"key":"a","value":"' + b"a" * (1 << 14) + b'"}')
    yield (
        "meta data that are just small enough",
        filled("meta_data", b'{"key":"a","value":[' + b",".join([b"[]"] * 5400) + b"]}"),
    )
    for name in ("line_items", "refunds", "meta_data"):
        yield f"lists in {name}", filled(name, b"[]")
    yield "unknown fields", order + b"".join(b',"k%d":1' % place for place in range(room // 12)) + b"}"
    yield "lists in an unknown field", order + b',"x":[' + b",".join([b"[]"] * (room // 3)) + b"]}"
    yield "one text", order + b',"x":"' + b"a" * room + b'"}'
    yield "escapes", order + b',"x":"' + b"\\n" * (room // 2) + b'"}'
    yield "brackets", order + b',"x":' + b"[" * room


def _mapped_orders() -> Iterator[tuple[str, Any]]:
    order: dict[str, Any] = {
        "id": 812,
        "state": "paid",
        "changed": "2026-11-23 09:30:00",
        "buyer": {"name": "سارا محمدی", "mobile": "۰۹۱۲ ۱۲۳ ۴۵۶۷", "town": "تهران"},
        "pay": "gateway",
        "total": "۱۸٬۵۰۰٬۰۰۰",
        "unit": "IRT",
        "lines": [{"title": "Xiaomi 13T Pro", "count": "2"}],
    }
    long = {"digits": "9" * ROOM, "wide signs": WIDE * (ROOM // 6), "marks": "\u200f" * (ROOM // 6), "tags": "<" * ROOM}
    long |= {"an exponent": "1e300000", "a great exponent": "1e999999999", "a date": "1405/" * (ROOM // 5)}
    for what, text in long.items():
        for name in ("id", "state", "changed", "pay", "total", "unit", "receipt", "parcel"):
            yield f"{name} of {what}", order | {name: text}
        for name in ("name", "mobile", "town"):
            yield f"{name} of {what}", order | {"buyer": {"mobile": "09121234567", name: text}}
        yield f"count of {what}", order | {"lines": [{"title": "a", "count": text}]}
    yield "30,000 lines", order | {"lines": [{"title": "a", "count": "1"}] * 30_000}
    yield "6,000 lines", order | {"lines": [{"title": "a", "count": "1"}] * 5_900}
    yield "12,000 empty lines", order | {"lines": [{}] * 11_900}
    yield "a number as time", order | {"changed": "1" * 300}


def _standard(name: str, body: bytes, *, path: str = "") -> Input:
    return signed(f"standard: {name}", body, f"/webhooks/shop{path}")


def _woo(name: str, body: bytes) -> Input:
    signature = base64.b64encode(hmac.digest(WOO.encode(), body, hashlib.sha256)).decode()
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": signature,
    }
    return Input(f"woocommerce: {name}", "/webhooks/woo", body, headers)


def _mapped(name: str, body: bytes, *, kind: str = "application/json") -> Input:
    signature = hmac.digest(MINE.encode(), body, hashlib.sha256).hex()
    return Input(f"mapping: {name}", "/webhooks/mine", body, {"Content-Type": kind, "X-Signature": signature})


def rows_of_files() -> Iterator[tuple[str, Callable[[], object]]]:
    """Reading one row or line of a file, which an import does in one go."""

    def table(cell: str) -> Callable[[], object]:
        text = f"order,code,date\n{cell},{cell},{cell}\n"
        return lambda: list(tracking.entries(StringIO(text, newline=""), source="shop", zone=TEHRAN, now=START))

    def line(body: bytes) -> Callable[[], object]:
        return lambda: list(jsonl.entries(BytesIO(body), source="shop"))

    for what, sign in {"digits": "9", "wide signs": WIDE, "marks": "\u200f", "tags": "<"}.items():
        yield f"csv: a row of {what}", table(sign * 130_000)
    for name, body in _events():
        yield f"jsonl: {name}", line(json.dumps(body).encode())


async def measure(rounds: int, only: str) -> list[tuple[str, float, float, int]]:
    """What, the longest hold in ms by the wall and by the loop's own work, and what was answered."""
    found: dict[str, tuple[float, float, int]] = {}
    every = [one for one in inputs() if only in one.name]
    serving = _Serving()
    async with serving as server:
        for _ in range(rounds):
            await serving.forget()
            for one in every:
                pulse = Pulse()
                beating = asyncio.create_task(pulse.beat())
                status = await asyncio.to_thread(_post, server.port or 0, one)
                pulse.stop()
                await beating
                held, worked, _ = found.get(one.name, (pulse.held, pulse.worked, 0))
                found[one.name] = min(held, pulse.held), min(worked, pulse.worked), status
    for name, read in rows_of_files():
        if only in name:
            found[name] = (*_timed(read, rounds), 0)
    return [(name, *figures) for name, figures in found.items()]


def _timed(read: Callable[[], object], rounds: int) -> tuple[float, float]:
    walls, works = [], []
    for _ in range(rounds):
        wall, work = time.perf_counter(), time.thread_time()
        read()
        walls.append((time.perf_counter() - wall) * 1000)
        works.append((time.thread_time() - work) * 1000)
    return min(walls), min(works)


def _post(port: int, one: Input) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request("POST", one.path, one.body, dict(one.headers))
        return connection.getresponse().status
    except OSError:  # refused before all of it was sent
        return 0
    finally:
        connection.close()


class _Serving:
    """The service as it ships, on loopback, with a store of its own."""

    async def __aenter__(self) -> TestServer:
        self._folder = tempfile.TemporaryDirectory()
        settings = {
            "redis__data_dir": self._folder.name,
            "redis__durability": "everysec",
            "sources__shop__secret": SHOP,
            "sources__woo__secret": WOO,
            "sources__mine": json.dumps(MAPPED),
            "callbacks__token": TOKEN,
            "server__public_url": "https://notifier.example",
            "sms__provider": "simulator",
            "sms__fallback": json.dumps(["own"]),
            "sms__namespace": "bench",
            "providers__simulator__base_url": "http://127.0.0.1:9/v1",
        } | {name: json.dumps(section) for name, section in SECTIONS.items()}
        config = load(Path("config.toml"), environment={f"NOTIFIER__{key.upper()}": at for key, at in settings.items()})
        self._running = Service(config, clock=StillClock(START), roles=[WEB])
        self._service = await self._running.__aenter__()
        self._server = TestServer(self._service.app)
        await self._server.start_server()
        spare_the_collector()
        return self._server

    async def forget(self) -> None:
        """Empty the store: what is known already is answered before any work is done."""
        await self._service.redis.flushall()

    async def __aexit__(self, *error: Any) -> None:
        await self._server.close()
        await self._running.__aexit__(*error)
        self._folder.cleanup()


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="inputs whose name has this in it")
    parser.add_argument("--show", type=int, default=20, help="how many of the worst")
    options = parser.parse_args()
    found = sorted(uvloop.run(measure(options.rounds, options.only)), key=lambda row: row[2], reverse=True)
    wanted = f"at most {LIMIT:g} ms"
    show(
        Row(f"{name}{f' ({status})' if status else ''}", f"{held:.1f} ms ({worked:.1f})", wanted, worked <= LIMIT)
        for name, held, worked, status in found[: options.show]
    )
    over = sum(worked > LIMIT for _, _, worked, _ in found)
    print(f"{len(found)} inputs, {over} over {LIMIT:g} ms; the longest {found[0][2]:.1f} ms" if found else "no input")
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
