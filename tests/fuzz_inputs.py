"""Hostile requests as bytes on the wire, each made from the seed and its number alone."""

import base64
import gzip
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from fuzz_json import ATOMS, damaged, mutated, written

from notifier.domain.events import EventType
from notifier.practice import standard

SHOP_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WOO_SECRET, CALLBACK_TOKEN, API_TOKEN = "fuzz-woo-secret", "fuzz-callback-token", "fuzz-api-token"
_FIXTURES = Path(__file__).parent / "fixtures"
_OTHER = "whsec_b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldA=="
_TYPES = ("text/plain", "", "application/json; charset=utf-16", "application/JSON", "application/x-json", "*/*",
"a" * 900, "\xff/\xfe",
          "multipart/form-data", "multipart/form-data; boundary=" + "b" * 90,
          "application/x-www-form-urlencoded")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Input:
    """One request. ``entitled``: it proves who it is from, and may be answered with a 2xx."""

    number: int
    kind: str
    raw: bytes
    entitled: bool
    broken: bool = False  # no HTTP: the connection may be closed without an answer


Headers = list[tuple[bytes, bytes]]


class Inputs:
    """Makes input number N of a seed; the same one every time."""

    def __init__(self, seed: int, at: datetime) -> None:
        self._seed, self._at = seed, at
        self._events = [standard.event(kind, at=at) for kind in EventType]
        self._events += [json.loads(path.read_text()) for path in sorted((_FIXTURES / "standard").glob("*.json"))]
        recorded = [json.loads(path.read_text()) for path in sorted((_FIXTURES / "woocommerce").glob("*.json"))]
        self._orders = [one["body"] for one in recorded if isinstance(one.get("body"), dict)]
        self._kinds = (
            (40, self._standard), (10, self._batch), (20, self._woo), (8, self._callback), (12, self._api), (4,
            self._console),
            (6, self._wire),
        )  # fmt: skip

    def make(self, number: int) -> Input:
        random = Random(f"{self._seed}:{number}")
        (maker,) = random.choices([made for _, made in self._kinds], [weight for weight, _ in self._kinds])
        kind, raw, entitled = maker(random)
        return Input(number, kind, raw, entitled, broken=kind == "wire")

    def _event(self, random: Random) -> Any:
        event = mutated(random, random.choice(self._events))
        data = event.get("data") if isinstance(event, dict) else None
        if isinstance(data, dict) and "order_id" in data and random.random() < 0.8:
            data["order_id"] = f"f{random.randrange(3000)}"
        return event

    def _standard(self, random: Random) -> tuple[str, bytes, bool]:
        headers, body, entitled = self._signed(random, written(random, self._event(random)))
        return "standard", _post(random, "/webhooks/shop", headers, body), entitled

    def _batch(self, random: Random) -> tuple[str, bytes, bool]:
        events: Any = [self._event(random) for _ in range(random.choice((0, 1, 2, 3, 5)))]
        if random.random() < 0.03:
            events = events * random.choice((100, 501)) if random.random() < 0.5 else mutated(random, events)
        headers, body, entitled = self._signed(random, written(random, events))
        return "batch", _post(random, "/webhooks/shop/batch", headers, body), entitled

    def _signed(self, random: Random, body: bytes) -> tuple[Headers, bytes, bool]:
        """Headers as Standard Webhooks has them, most of them good."""
        now = int(self._at.timestamp())
        event_id = f"msg_{random.randrange(20_000)}" if random.random() < 0.3 else f"msg_{random.getrandbits(64):x}"
        flaw = random.randrange(12) if random.random() < 0.2 else -1
        stamp, secret = str(now), SHOP_SECRET
        match flaw:
            case 0:
                stamp = str(now + random.choice((-301, 301, -(10**6), 10**9)))
            case 1:
                stamp = random.choice(("", "-1", "1e9", "۱۲۳", "²", f"{now}.0", " ", "9" * 12, "9" * 400, "0x1"))
            case 2:
                secret = _OTHER
            case 3:
                event_id = random.choice(("", "x" * 257, "a\tb"))
        signature = f"v1,{_hmac(secret, event_id, stamp, body)}"
        match flaw:
            case 4:
                signature = random.choice(("", "v1", "v1,", ",", "v1,###", "v2," + signature[3:],
                "v1a," + signature[3:], signature[3:],
                                           "v1," + "A" * 5000, " ".join(["v1,AAAA"] * 400), signature[:-3],
                                           signature.swapcase()))  # fmt: skip
            case 5:
                body += random.choice((b" ", b"\n", b"\x00"))
            case 6:
                event_id += "x"
            case 7:
                stamp = str(now + 1)
        if flaw < 0 and random.random() < 0.1:
            signature = f"v1,AAAA {signature} v1a,x"
        headers = [(b"webhook-id", event_id), (b"webhook-timestamp", stamp), (b"webhook-signature", signature)]
        if flaw >= 8:
            del headers[flaw % 3]
        return [(name, value.encode(errors="replace")) for name, value in headers], body, flaw < 0

    def _woo(self, random: Random) -> tuple[str, bytes, bool]:
        order = mutated(random, random.choice(self._orders))
        if isinstance(order, dict) and isinstance(order.get("id"), int) and random.random() < 0.8:
            order["id"] = random.randrange(1, 3000)
        body = written(random, order)
        if random.random() < 0.05:  # a ping, or what looks like one
            ping = random.choice(
                (b"webhook_id=1", b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=%00", "webhook_id=۱".encode(), body)
            )
            return "ping", _post(random, "/webhooks/woo", [], ping, "application/x-www-form-urlencoded"), False
        good = random.random() < 0.85
        signature = base64.b64encode(hmac.digest(WOO_SECRET.encode(), body, hashlib.sha256))
        if not good:
            signature = random.choice(
                (b"", b"\xff\xfe", b"A" * 44, signature[:-1] + b"A=", base64.b64encode(b"short"), b"=" * 44)
            )
        topic = random.choice(
            (b"order.updated", b"order.created", b"order.deleted", b"order.restored", b"", b"\xff", b"x" * 3000)
        )
        headers = [
            (b"X-WC-Webhook-Signature", signature),
            (b"X-WC-Webhook-Topic", topic),
            (b"X-WC-Webhook-Delivery-ID", b"d1"),
        ]
        return "woo", _post(random, "/webhooks/woo", headers, body), good

    def _callback(self, random: Random) -> tuple[str, bytes, bool]:
        good = random.random() < 0.8
        token = (
            CALLBACK_TOKEN
            if good
            else random.choice((CALLBACK_TOKEN + "x", "x", "%ff", "%00", quote("ÿ"), CALLBACK_TOKEN.upper()))
        )
        path = f"/callbacks/kavenegar/{token}/{random.choice(('delivery', 'inbound'))}"
        fields: Any = {
            name: _text(random) for name in random.sample(["messageid", "status", "from", "to", "message", "x"], 4)
        }
        if random.random() < 0.3:
            return "callback", _request("GET", f"{path}?{urlencode(fields, errors='replace')}"), good
        if random.random() < 0.5:
            body, kind = urlencode(fields, errors="replace").encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = written(random, mutated(random, fields)), "application/json"
        return "callback", _post(random, path, [], damaged(random, body) if random.random() < 0.2 else body, kind), good

    def _api(self, random: Random) -> tuple[str, bytes, bool]:
        good = random.random() < 0.85
        token = API_TOKEN if good else random.choice(("", "x", "\xff", API_TOKEN + "x", "Bearer", API_TOKEN[:-1]))
        headers = [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
        one = _quoted(_text(random)[:500], random.choice(("", "/"))) or "x"
        if random.random() < 0.3:
            body = written(
                random, mutated(random, {"by": "maryam", "outcome": "reached", "note": "n", "at": self._at.isoformat()})
            )
            path = f"/api/calls/{one}/{random.choice(('claim', 'outcome', 'snooze', 'x'))}"
            return "api", _post(random, path, headers, body), good
        asked = {
            name: _text(random)[:500]
            for name in random.sample(["state", "priority", "cursor", "limit", "source", "assignee", "order_id",
            "status"], random.randrange(3))
        }  # fmt: skip
        if random.random() < 0.3:
            asked["cursor"] = random.choice(
                ("0:", "9" * 19 + ":x", "1:\x00", "۱:x", "99999999999999999999:x", "1795415400000:f1", "-1:x")
            )
        path = random.choice(("orders", "messages", "calls", "deliveries", f"orders/{one}", f"messages/{one}",
        f"calls/{one}", one,
                              f"orders/f{random.randrange(3000)}"))  # fmt: skip
        return "api", _request("GET", f"/api/{path}?{urlencode(asked, errors='replace')}", headers), good

    def _console(self, random: Random) -> tuple[str, bytes, bool]:
        headers: Headers = (
            [(b"Cookie", f"console={_quoted(_text(random)[:200])}".encode())] if random.random() < 0.5 else []
        )
        if random.random() < 0.5:
            form = urlencode({"username": _text(random), "password": _text(random)}, errors="replace").encode()
            headers += [(b"Origin", b"http://elsewhere")] if random.random() < 0.2 else []
            body = damaged(random, form) if random.random() < 0.3 else form
            path = random.choice(("/console/login", "/console/login", "/console/logout", "/console/calls/x/claim"))
            return "console", _post(random, path, headers, body, "application/x-www-form-urlencoded"), False
        path = random.choice(
            (
                "",
                "login",
                "orders/x",
                "calls",
                "static/" + _quoted(_text(random)[:100]),
                "figures",
                "live",
                _quoted(_text(random)[:100]),
            )
        )
        return "console", _request("GET", f"/console/{path}", headers), path.startswith(("login", "static/"))

    def _wire(self, random: Random) -> tuple[str, bytes, bool]:
        """What is hardly HTTP."""
        body = written(random, self._event(random))
        headers, body, entitled = self._signed(random, body)
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        start = b"POST /webhooks/shop HTTP/1.1\r\nHost: f\r\nContent-Type: application/json\r\n" + head
        chunks = (
            b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in _parts(random, body)) + b"0\r\n\r\n"
        )
        whole = random.choice(
            (
                start + b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
                start + b"Transfer-Encoding: chunked\r\n\r\n" + damaged(random, chunks),
                start + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunks,
                start + f"Content-Length: {len(body) + 9}\r\n\r\n".encode() + body,
                start + b"Content-Length: -1\r\n\r\n" + body,
                start + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + body,
                start + b"Content-Length: 99999999999999999999\r\n\r\n" + body,
                start + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
                start + f"Expect: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
                start + b"X: " + b"y" * random.choice((8000, 8200, 70_000)) + b"\r\nContent-Length: 0\r\n\r\n",
                start + b"X: y\r\n" * random.choice((120, 200, 2000)) + b"Content-Length: 0\r\n\r\n",
                start + b"X y\r\n\r\n",
                b"GET /" + b"a" * random.choice((8000, 9000, 70_000)) + b" HTTP/1.1\r\nHost: f\r\n\r\n",
                b"GET " + random.randbytes(20) + b" HTTP/1.1\r\nHost: f\r\n\r\n",
                b"\x16\x03\x01" + random.randbytes(60),
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"CONNECT f:443 HTTP/1.1\r\nHost: f\r\n\r\n",
                b"GET http://other/healthz HTTP/1.1\r\nHost: f\r\n\r\n",
                b"POST /webhooks/%2e%2e HTTP/1.0\r\n\r\n",
                b"POST /webhooks/shop HTTP/9.9\r\n\r\n",
                damaged(random, start + f"Content-Length: {len(body)}\r\n\r\n".encode() + body),
                random.randbytes(random.randrange(300)) + b"\r\n\r\n",
            )
        )  # fmt: skip
        return "wire", whole, entitled or b"healthz" in whole


def _post(random: Random, path: str, headers: Headers, body: bytes, kind: str = "application/json") -> bytes:
    headers = [*headers]
    if random.random() < 0.03:
        kind = random.choice(_TYPES)
    if random.random() < 0.03:
        coding, packed = random.choice((("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("br", body),
        ("gzip", body),
                                        ("gzip", gzip.compress(body)[:-4]), ("x", body), ("gzip", _BOMB), ("deflate",
                                        _ZBOMB)))  # fmt: skip
        headers.append((b"Content-Encoding", coding.encode()))
        body = packed
    return _request("POST", path, [*headers, (b"Content-Type", kind.encode("latin-1"))], body)


def _request(method: str, path: str, headers: Headers | None = None, body: bytes = b"") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1".encode(errors="replace"),
        b"Host: fuzz",
        *(n + b": " + v for n, v in headers or []),
    ]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}".encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _text(random: Random) -> str:
    return str(random.choice(ATOMS))[:4000]


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def _parts(random: Random, body: bytes) -> list[bytes]:
    cut = random.randrange(len(body) + 1)
    return [part for part in (body[:cut], body[cut:]) if part]


def _hmac(secret: str, event_id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.digest(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256)).decode()


_BOMB = gzip.compress(bytes(30_000_000))
_ZBOMB = zlib.compress(bytes(30_000_000))
