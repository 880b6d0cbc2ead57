"""A shop of kind ``woocommerce``: it posts an order as it stands, with WooCommerce's own signature.

WooCommerce never repeats a delivery and gives up after five refusals: what it says is taken as is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from notifier.errors import BadSignature, NotJson, OwnerWithoutRights, Unprocessable
from notifier.intake.adapter import AnswerAlone, Found, Proof, Received, ShopAdapter
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.woocommerce import events as woocommerce
from notifier.intake.woocommerce.delivery import delivery
from notifier.intake.woocommerce.rules import WooRules

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WooCommerceShop(ShopAdapter):
    """``largest`` bounds a delivery: one refused as too large counts towards switching the webhook off."""

    taken = 200
    unchanged = 200
    no_batch = "WooCommerce sources take one order at a time; there is no batch here."

    secrets: Sequence[str] = field(repr=False)
    rules: WooRules
    largest: int

    @property
    def max_body(self) -> int:
        return self.largest

    def verify(self, received: Received) -> Proof:
        """The ping that WooCommerce sends when a webhook is made is not signed."""
        headers, body = received.headers, received.body
        if woocommerce.is_ping(headers, body):
            return Proof(signed=False)
        received.require_json()
        signature = headers.get("x-wc-webhook-signature")
        if sum(woocommerce.verify(secret, body, signature) for secret in self.secrets) == 0:
            raise BadSignature("X-WC-Webhook-Signature does not match; the secret must be the webhook's own.")
        return Proof()

    def read(self, received: Received, proof: Proof) -> Found | AnswerAlone:
        if not proof.signed:
            return AnswerAlone(document={"ping": True})
        try:
            return self._found(received)
        except (NotJson, Unprocessable) as problem:  # refused, it would count towards switching the webhook off
            alert = self._lost_rights(problem) if isinstance(problem, OwnerWithoutRights) else None
            said = {"understood": False, "detail": problem.detail}
            return AnswerAlone(document=said, refusal=problem, alert=alert)

    def replay(self, kept: DeadLetter) -> Found:
        """What the shop has said since stands."""
        return self._found(Received.again(kept), replayed=kept.status == 200)

    def _found(self, received: Received, *, replayed: bool = False) -> Found:
        snapshot = woocommerce.parse(received.body, rules=self.rules)
        topic, occasion = (
            received.headers.get(name, "").encode("ascii", "replace").decode()
            for name in ("x-wc-webhook-topic", "x-wc-webhook-delivery-id")
        )
        found = delivery(
            snapshot,
            received.body,
            source=self.name,
            topic=topic,
            rules=self.rules,
            received_at=received.at,
            occasion=occasion,
            replayed=replayed,
        )
        status = snapshot.status
        return Found(found, "" if status is None or status in self.rules.statuses else self.unnamed(status))

    def _lost_rights(self, problem: OwnerWithoutRights) -> tuple[str, str]:
        """Nothing comes of any order until somebody of the shop does something."""
        log.error("the shop posts errors", action="webhook_without_rights", source=self.name, error=problem.detail)
        return (
            f"webhook_rights:{self.name}",
            f"فروشگاه «{self.name}» به جای سفارش خطا می‌فرستد: صاحب وب‌هوک دیگر اجازهٔ دیدن سفارش‌ها را ندارد. "
            "مدیر فروشگاه وب‌هوک را در تنظیمات ووکامرس باز و دوباره ذخیره کند.",
        )
