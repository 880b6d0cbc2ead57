"""``kind = "postex"``: an aggregator of carriers. Its report of what changed between two times is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifier.intake.carriers.adapter import CarrierOdd, Feed, FeedPage, FeedPlace, Question, report, rows, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Postex(Feed):
    usual_names = ("پستکس", "postex")

    base_url: str
    api_key: str = field(repr=False)

    def feed(self, place: FeedPlace, *, until: datetime) -> Question:
        since, to = place.since.astimezone(self.zone), until.astimezone(self.zone)
        return Question(
            url=f"{self.base_url}/tracking/report",
            query={"from_date": f"{since:%Y-%m-%d}", "to_date": f"{to:%Y-%m-%d}"},
            headers={"x-api-key": self.api_key},
        )

    def page(self, document: Any, place: FeedPlace, *, until: datetime) -> FeedPage:
        if isinstance(document, Mapping):
            ok = document.get("isSuccess", document.get("IsSuccess"))
            if ok is False:
                raise CarrierOdd(f"Postex refused: {said(document.get('message', document.get('Message')))[:120]}")
            document = document.get("data", document.get("Data", document.get("items")))
        found = []
        for entry in rows(document, "changes"):
            day, hour = said(entry.get("change_status_date")), said(entry.get("change_status_time"))
            at = f"{day[:10]} {hour[:8]}".strip() if day else None
            name, told = said(entry.get("event_name")), said(entry.get("event_desc"))
            one = report(
                entry.get("tracking_no"), words=name or told, word=entry.get("event_code"), at=at, zone=self.zone
            )
            if one is not None:
                found.append(one)
        return FeedPage(found, None)
