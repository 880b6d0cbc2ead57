"""Shops that post to a running service, each signing in its own way."""

import base64
import hashlib
import hmac
import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from standardwebhooks import Webhook

from notifier.clock import Clock, StillClock
from notifier.practice import standard
from notifier.service.process import Service

FIXTURES = Path(__file__).parent / "fixtures"
SHOP_SECRET = "whsec_" + base64.b64encode(b"a secret that only tests know..!").decode()
WOO_SECRET = "woo-test-secret"
API_TOKEN = "test-api-token"

Client = TestClient[Any, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shop is answered; ``body`` is None when it is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_problem(self) -> bool:
        """Whether this is an RFC 9457 document about itself."""
        return self.headers["Content-Type"].startswith("application/problem+json") and (
            self.body["type"] == "about:blank"
            and self.body["status"] == self.status
            and bool(self.body["title"] and self.body["detail"])
        )


def standard_fixture(name: str) -> Any:
    """An event as a shop posts it, by the name of its file."""
    return json.loads((FIXTURES / "standard" / f"{name}.json").read_text())


def woo_fixture(name: str) -> Any:
    """A recorded WooCommerce delivery: headers and body."""
    return json.loads((FIXTURES / "woocommerce" / f"{name}.json").read_text())


@dataclass(frozen=True, slots=True)
class StandardShop:
    """Posts our own format, signed as Standard Webhooks."""

    client: Client
    clock: Clock
    name: str = "shop"
    secret: str = SHOP_SECRET

    async def post(self, payload: Any, *, event_id: str | None = None, path: str = "") -> Answer:
        """Post an event, or with ``path="/batch"`` a list of them."""
        body, headers = standard.signed(self.secret, payload, at=self.clock.now(), event_id=event_id)
        return await self.send(body, headers, path=path)

    async def post_raw(self, body: bytes, *, event_id: str | None = None, path: str = "") -> Answer:
        """Post any bytes with a good signature. The library signs text alone, hence by hand."""
        event_id, stamp = event_id or f"msg_{secrets.token_hex(8)}", str(int(self.clock.now().timestamp()))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signature = hmac.digest(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256)
        headers = {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        }
        return await self.send(body, headers, path=path)

    async def send(self, body: bytes, headers: Mapping[str, str], *, path: str = "") -> Answer:
        """Post just these bytes and headers."""
        return await request(self.client, "POST", f"/webhooks/{self.name}{path}", body, headers)

    def library(self) -> Webhook:
        return Webhook(self.secret)


@dataclass(frozen=True, slots=True)
class WooShop:
    """Posts as WooCommerce does."""

    client: Client
    name: str = "woo"
    secret: str = WOO_SECRET

    async def post(self, body: Any, *, topic: str = "order.updated", delivery: str = "d1") -> Answer:
        """Post an order."""
        return await self.post_raw(woo_bytes(body), topic=topic, delivery=delivery)

    async def post_raw(self, body: bytes, *, topic: str = "order.updated", delivery: str = "d1") -> Answer:
        signature = base64.b64encode(hmac.digest(self.secret.encode(), body, hashlib.sha256)).decode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "WooCommerce/10.3.5 Hookshot (WordPress/6.8.3)",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Delivery-ID": delivery,
            "X-WC-Webhook-Signature": signature,
        }
        return await self.send(body, headers)

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post just these bytes and headers."""
        return await request(self.client, "POST", f"/webhooks/{self.name}", body, headers)


@dataclass(frozen=True, slots=True)
class ApiUser:
    """Reads the API with a token."""

    client: Client
    token: str = API_TOKEN

    async def get(self, path: str) -> Answer:
        return await request(self.client, "GET", f"/api{path}", b"", {"Authorization": f"Bearer {self.token}"})

    async def items(self, path: str) -> list[Any]:
        """Every item of a list, page after page."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = (await self.get(f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")).body
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


def woo_bytes(body: Any) -> bytes:
    """As PHP's json_encode writes it: the signatures in the fixtures are over this."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


async def send_all(service: Service, clock: StillClock) -> None:
    """Send what is ready, and what waits behind it: texts to one customer leave one after another."""
    for _ in range(10):
        await service.sender.send_ready()
        clock.turn(timedelta(minutes=1))


async def request(client: Client, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    async with client.request(method, path, data=io.BytesIO(body) if body else None, headers=headers) as response:
        text = await response.read()
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        return Answer(response.status, dict(response.headers), document)
