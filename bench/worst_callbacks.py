"""The worst that a bank's phone, a provider, a carrier, an exchange or a messenger may legally post to us."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from notifier.clock import TEHRAN
from notifier.incoming import forms
from notifier.outbound import signing

START = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
SHOP, TOKEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "bench-token"
ROOM = 1_000_000  # bytes of a body that is just taken
WIDE = "\ufdfa"  # one sign that compatibility takes apart into eighteen
SECTIONS: Mapping[str, Any] = {
    "sources__bank": {"kind": "bank", "secret": SHOP, "senders": {"100099": "ملت"}},
    "carriers__chapar": {"kind": "chapar", "callback_token": TOKEN},
    "carriers__other": {
        "kind": "http",
        "callback_token": TOKEN,
        "fields": {"steps": "data.history", "code": "code", "word": "state", "time": "date", "place": "city"},
        "words": {"sent": "in_transit"},
    },
    "dialer": {"kind": "http", "url": "http://127.0.0.1:9/dial?from={extension}&to={number}", "callback_token": TOKEN},
    "providers__own": {
        "kind": "http",
        "url": "http://127.0.0.1:9/send?to={to}&text={text}",
        "accepted_when": "ok == `true`",
        "provider_id": "id",
        "callback": {"id": "id", "status": "status"},
        "statuses": {"delivered": ["1"]},
    },
    "staff__channels": {
        "bale": {"token": "a-token-of-a-bot", "updates": "webhook", "callback_token": TOKEN},
    },
}
"""What is configured besides, as sections of the configuration."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}
_LESS = forms.LARGEST - 500  # bytes of a callback that is just taken


@dataclass(frozen=True, slots=True)
class Input:
    """One delivery: where it goes and what it says."""

    name: str
    path: str
    body: bytes
    headers: Mapping[str, str]


def signed(name: str, body: bytes, path: str) -> Input:
    """Signed as Standard Webhooks has it."""
    headers = signing.headers([SHOP], f"msg_{hashlib.sha256(body).hexdigest()[:24]}", body, at=START)
    return Input(name, path, body, headers)


def inputs() -> Iterator[Input]:
    """Every input, each with what proves where it comes from."""
    yield from _reports()
    yield from (signed(f"bank: {name}", _text(said), "/webhooks/bank") for name, said in _bank_texts())
    for name, document in _documents():
        body = _text(document)
        for place in ("carriers/chapar", "carriers/other", "dialer", "bot/bale"):
            yield Input(f"{place}: {name}", f"/callbacks/{place}/{TOKEN}", body, _JSON)
        yield Input(f"own provider: {name}", f"/callbacks/own/{TOKEN}/delivery", body, _JSON)
    fields = "&".join(f"f{number}={quote('۱۲')}" for number in range(990)).encode()
    for place in ("carriers/chapar", "carriers/other", "dialer"):
        yield Input(f"{place}: a form of 990 fields", f"/callbacks/{place}/{TOKEN}", fields, _FORM)


def _text(document: Any) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()


def _reports() -> Iterator[Input]:
    path = f"/callbacks/kavenegar/{TOKEN}"
    long = {"wide signs": WIDE * (ROOM // 6), "digits": "9" * ROOM, "marks": "\u200f" * (ROOM // 6)}
    long["blanks"] = " " * ROOM
    for what, text in long.items():
        for name in ("message", "from", "messageid"):
            fields = {"from": "09121234567", "message": "سلام", "messageid": f"{what}"} | {name: text}
            yield Input(f"inbound {name} of {what}", f"{path}/inbound", json.dumps(fields).encode(), _JSON)
    quoted = quote(WIDE * (ROOM // 9)).encode()
    yield Input("inbound form", f"{path}/inbound", b"from=09121234567&messageid=f&message=" + quoted, _FORM)
    ids = json.dumps({"messageid": ",".join(str(n) for n in range(100_000)), "status": "10"}).encode()
    yield Input("report of many", f"{path}/delivery", ids, _JSON)
    few = json.dumps({"messageid": ",".join(str(n) for n in range(8_000)), "status": "10"}).encode()
    yield Input("report of 8,000", f"{path}/delivery", few, _JSON)


def _bank_texts() -> Iterator[tuple[str, Any]]:
    usual = "ملت\nواریز به: ۱۲۳۴۵۶۷۸۹۰\nمبلغ: ۱۸٬۵۰۰٬۰۰۰ ریال\nمانده: ۲۰۰٬۰۰۰٬۰۰۰\n۰۹/۰۲-۱۰:۲۲"
    pieces = {
        "digits": "9", "signs": "+-", "wide signs": WIDE, "blanks": " ", "lines": "\n", "marks": "\u200f",
        "sums": "مبلغ: ۱۸٬۵۰۰٬۰۰۰ ", "dots": "1.", "commas": "1,", "dates": "1405/09/02 ", "times": "10:22 ",
        "words": "واریز ", "stars": "*1", "letters": "ا",
    }  # fmt: skip
    at = START.isoformat()
    for what, piece in pieces.items():
        long = piece * (60_000 // len(piece.encode()))
        yield f"a text of {what}", {"sender": "100099", "text": long, "received_at": at}
        yield f"{what} behind a text", {"sender": "100099", "text": usual + long[: 55_000 // 2], "received_at": at}
        yield f"{what} before a text", {"sender": "100099", "text": long[: 55_000 // 2] + usual, "received_at": at}
        yield f"a sender of {what}", {"sender": long, "text": usual, "received_at": at}
        yield f"a time of {what}", {"sender": "100099", "text": usual, "received_at": long}


def _documents() -> Iterator[tuple[str, Any]]:
    usual = {"code": "12345", "reference": "12345", "status": "sent", "state": "sent", "date": "1405/09/02", "id": "7"}
    for what, piece in {"digits": "9", "wide signs": WIDE, "blanks": " ", "marks": "\u200f", "dates": "1/"}.items():
        long = piece * (_LESS // len(piece.encode()) - 100)
        for name in ("code", "status", "state", "date", "id", "event", "number"):
            yield f"{name} of {what}", usual | {name: long}
    yield "lists of nothing", b'{"code":"1","status":"sent","x":[' + b",".join([b"[]"] * (_LESS // 3)) + b"]}"
    yield "objects of nothing", b'{"code":"1","status":"sent","x":[' + b",".join([b"{}"] * (_LESS // 3)) + b"]}"
    yield "a deep list", b'{"code":"1","x":' + b"[" * 150 + b"]" * 150 + b"}"
    steps = [{"state": "sent", "code": "1", "date": "2026-11-23T10:00:00Z"}] * (_LESS // 62)
    yield "many steps", {"code": "1", "data": {"history": steps}}
    yield "many reports", [{"id": str(number), "status": "1"} for number in range(_LESS // 34)]
    yield "9,000 fields", {f"f{number}": 1 for number in range(_LESS // 12)}
    yield (
        "a message to the bot",
        {
            "update_id": 1,
            "message": {"chat": {"id": 7, "type": "private"}, "from": {"id": 7}, "text": WIDE * (_LESS // 3 - 100)},
        },
    )
