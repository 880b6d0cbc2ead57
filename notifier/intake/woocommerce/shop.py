"""A shop of kind ``woocommerce`` over HTTP: what it posts, and what it is answered."""

import contextlib
from collections.abc import Sequence
from datetime import datetime

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.errors import (
    BadSignature,
    NotFound,
    NotJson,
    OwnerWithoutRights,
    Problem,
    Unprocessable,
    WrongContentType,
)
from notifier.intake import answers
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.delivery import Outcome, Recorded, Repeated, Unchanged
from notifier.intake.fair_queue import Submits
from notifier.intake.rejections import REJECTIONS, SIGNED, Rejection, body_of, rejection
from notifier.intake.woocommerce import events as woocommerce
from notifier.intake.woocommerce.delivery import Known, delivery, is_silent
from notifier.intake.woocommerce.rules import WooRules
from notifier.store.publishing import Alert

log = structlog.get_logger()


class WooCommerceShop:
    """A WooCommerce shop. It never repeats a delivery and gives up after five refusals: what it says is taken as is."""

    def __init__(
        self,
        name: str,
        secrets: Sequence[str],
        rules: WooRules,
        committer: Submits,
        clock: Clock,
        *,
        known: Known,
        tell: Alert,
        max_body: int,
    ) -> None:
        """``max_body`` bounds a delivery: one refused as too large counts towards switching the webhook off."""
        self._name, self._committer, self._clock = name, committer, clock
        self._secrets, self._rules = secrets, rules
        self._known, self._tell, self._max_body = known, tell, max_body

    async def receive(self, request: web.Request) -> web.Response:
        body = await body_of(request, at_most=self._max_body)
        if woocommerce.is_ping(request.headers, body):
            return web.json_response({"ping": True})
        if request.content_type != "application/json":
            raise WrongContentType(f"Post application/json, not {request.content_type}.")
        signature = request.headers.get("X-WC-Webhook-Signature")
        if sum(woocommerce.verify(secret, body, signature) for secret in self._secrets) == 0:
            raise BadSignature("X-WC-Webhook-Signature does not match; the secret must be the webhook's own.")
        request[SIGNED] = True
        try:
            snapshot = woocommerce.parse(body, rules=self._rules)
        except (NotJson, Unprocessable) as problem:  # refused, it would count towards switching the webhook off
            request[REJECTIONS] = [rejection(problem, event_id="", body=body)]
            if isinstance(problem, OwnerWithoutRights):
                await self._tell_of_lost_rights(problem)
            return web.json_response({"understood": False, "detail": problem.detail})
        topic, occasion = (
            request.headers.get(name, "").encode("ascii", "replace").decode()
            for name in ("X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID")
        )
        digest, outcome = await self._take(snapshot, body, topic, occasion, self._clock.now())
        if (unknown := self._unknown_status(snapshot)) is not None:
            request[REJECTIONS] = [Rejection(status=200, reason=unknown, body=body)]
        if isinstance(outcome, Recorded | Repeated):
            return answers.as_json(outcome.answer, 200)
        order = outcome.order if isinstance(outcome, Unchanged) else None
        return answers.as_json(answers.unchanged(digest, snapshot.order_id, order), 200)

    async def replay(self, kept: DeadLetter) -> bool:
        """Read with the rules of today; what the shop has said since stands."""
        body = kept.body.encode()
        topic, occasion = (kept.headers.get(name, "") for name in ("x-wc-webhook-topic", "x-wc-webhook-delivery-id"))
        snapshot = woocommerce.parse(body, rules=self._rules)
        if (unknown := self._unknown_status(snapshot)) is not None:
            raise Unprocessable(unknown)
        _, outcome = await self._take(snapshot, body, topic, occasion, kept.at, replayed=kept.status == 200)
        return isinstance(outcome, Recorded)

    async def _tell_of_lost_rights(self, problem: Problem) -> None:
        """Nothing comes of any order until somebody of the shop does something."""
        log.error("the shop posts errors", action="webhook_without_rights", source=self._name, error=problem.detail)
        text = (
            f"فروشگاه «{self._name}» به جای سفارش خطا می‌فرستد: صاحب وب‌هوک دیگر اجازهٔ دیدن سفارش‌ها را ندارد. "
            "مدیر فروشگاه وب‌هوک را در تنظیمات ووکامرس باز و دوباره ذخیره کند."
        )
        with contextlib.suppress(RedisError, OSError):  # it is in the log, and the next delivery tells it again
            await self._tell(f"webhook_rights:{self._name}", text)

    async def _take(
        self,
        snapshot: woocommerce.Snapshot,
        body: bytes,
        topic: str,
        occasion: str,
        received_at: datetime,
        *,
        replayed: bool = False,
    ) -> tuple[str, Outcome]:
        """Commit what is news; the id of the delivery, which is its digest, and what became of it."""
        taken = delivery(
            snapshot,
            body,
            source=self._name,
            topic=topic,
            rules=self._rules,
            received_at=received_at,
            occasion=occasion,
            replayed=replayed,
            silent=await is_silent(snapshot, self._rules, self._known, source=self._name),
        )
        return taken.event_id, await self._committer.submit(taken)

    def _unknown_status(self, snapshot: woocommerce.Snapshot) -> str | None:
        if snapshot.status is None or snapshot.status in self._rules.statuses:
            return None
        return f"The status {snapshot.status!r} is not known: name it in [sources.{self._name}.statuses], then replay."

    async def receive_batch(self, request: web.Request) -> web.Response:
        raise NotFound("WooCommerce sources take one order at a time; there is no batch here.")
