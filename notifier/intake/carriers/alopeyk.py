"""``kind = "alopeyk"``: couriers within a city. An order of theirs is asked for by its number or token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from notifier.domain.parcels import CarrierReport, code_of
from notifier.intake.carriers.adapter import CarrierOdd, PerParcel, Question, report, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Alopeyk(PerParcel):
    usual_names = ("الوپیک", "الو پیک", "alopeyk")

    base_url: str
    api_key: str = field(repr=False)

    def question(self, code: str) -> Question:
        return Question(
            url=f"{self.base_url}/orders/{quote(code, safe='')}",
            headers={"Authorization": f"Bearer {self.api_key}", "X-Requested-With": "XMLHttpRequest"},
        )

    def answer(self, document: Any, code: str) -> Sequence[CarrierReport]:
        if not isinstance(document, Mapping) or document.get("status") != "success":
            raise CarrierOdd("AloPeyk did not answer with success")
        order = document.get("object")
        if not isinstance(order, Mapping):
            raise CarrierOdd("the answer holds no order")
        if code not in {code_of(order.get(name)) for name in ("id", "order_token", "invoice_number")}:
            raise CarrierOdd("asked for one order, AloPeyk answered with another; nothing of it was taken")
        state = said(order.get("status"))
        at = next((order[name] for name in (f"{state}_at", "updated_at") if order.get(name)), None)
        one = report(code, word=state, at=at, zone=self.zone)
        return [one] if one is not None else []
