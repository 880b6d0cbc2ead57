"""``kind = "tapin"``: a gateway to the post. What changed on a day is asked for, page by page; the days are Jalali.

The envelope is ``{"returns": {"status", "message"}, "entries": …}``; a parcel is known by its ``barcode``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jdatetime

from notifier.intake.carriers.adapter import (
    ONE_DAY,
    CarrierOdd,
    Feed,
    FeedPage,
    FeedPlace,
    Question,
    report,
    rows,
    said,
)

_COUNT = 100
_PATH = "/order/post/change-status/report"
_MOST_PAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapin(Feed):
    usual_names = ("پست", "پیشتاز", "پست پیشتاز", "پست سفارشی", "تاپین", "تیپاکس", "post", "tapin", "tipax")

    base_url: str
    token: str = field(repr=False)
    shop_id: str

    def feed(self, place: FeedPlace, *, until: datetime) -> Question:
        day = jdatetime.date.fromgregorian(date=place.since.astimezone(self.zone).date())
        return Question(
            url=self.base_url + _PATH,
            method="POST",
            headers={"Authorization": self.token},
            json={
                "shop_id": self.shop_id,
                "date": f"{day.year:04}-{day.month:02}-{day.day:02}",
                "count": _COUNT,
                "page": place.page,
            },
        )

    def page(self, document: Any, place: FeedPlace, *, until: datetime) -> FeedPage:
        entries = rows(_entries(document), "entries")
        found = [
            one
            for entry in entries
            if (
                one := report(
                    entry.get("barcode"),
                    word=said(entry.get("status")),
                    at=entry.get("last_change_status") or entry.get("change_status_date") or entry.get("date"),
                    zone=self.zone,
                )
            )
        ]
        if len(entries) >= _COUNT and place.page < _MOST_PAGES:
            return FeedPage(found, FeedPlace(place.since, place.page + 1))
        following = place.since.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0) + ONE_DAY
        return FeedPage(found, FeedPlace(following) if following <= until else None)


def _entries(document: Any) -> Any:
    """What is in the envelope. Raises CarrierOdd."""
    if not isinstance(document, Mapping) or not isinstance(document.get("returns"), Mapping):
        raise CarrierOdd("the answer has not the form of Tapin's: no returns")
    status = document["returns"].get("status")
    if status != 200:
        raise CarrierOdd(
            f"Tapin answered with status {said(status)[:20]!r}: {said(document['returns'].get('message'))[:120]}"
        )
    entries = document.get("entries")
    return entries.get("list") if isinstance(entries, Mapping) else entries
