"""Whose customers a page shows: of the shops that somebody sees to, and of those of the one that they ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web

from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Forbidden, PageRefusal
from notifier.console.security import NOT_YOURS, STAFF
from notifier.domain.calls import Call
from notifier.domain.orders import Order
from notifier.store.staff import Staff

READ = 1000
"""Entries of a list of all shops that are read for who sees to some of them alone."""


@dataclass(frozen=True, slots=True)
class ShopScope:
    """``asked`` is the source whose page it is, empty for all of them; ``shops`` are what there is to choose from, by
    the names that people know."""

    staff: Staff
    asked: str
    shops: Mapping[str, str]

    @property
    def is_all(self) -> bool:
        """Whether everything is shown, whatever shop it is of."""
        return not self.asked and not self.staff.sources

    @property
    def sources(self) -> frozenset[str] | None:
        """The shops that are shown; None for all that there ever were."""
        return None if self.is_all else frozenset({self.asked} if self.asked else self.staff.sources)

    @property
    def query(self) -> str:
        """What an address says of it."""
        return f"shop={self.asked}" if self.asked else ""

    def shows(self, source: str | None) -> bool:
        """Whether something of this source is shown; what is of no shop is everybody's, but on no page of one shop."""
        sources = self.sources
        return sources is None or (source in sources if source else not self.asked)

    def shows_any(self, orders: Iterable[Order]) -> bool:
        """Whether a customer with these orders is shown."""
        found = list(orders)
        return any(self.shows(order.source) for order in found) if found else self.shows("")

    def shows_call(self, call: Call) -> bool:
        return self.staff.may_make(call) and (not self.asked or self.asked in call.sources)


def of(staff: Staff) -> ShopScope:
    """All that somebody sees to."""
    return ShopScope(staff, "", {})


def asked(request: web.Request, deps: Dependencies) -> ShopScope:
    """What ``?shop=`` asks for, else all that they see to. Raises PageRefusal, Forbidden."""
    staff, shop = request[STAFF], request.query.get("shop", "")
    if shop and shop not in deps.sources:
        raise PageRefusal("چنین فروشگاهی نیست؛ از فهرست فروشگاه‌ها انتخاب کنید.")
    if shop and not staff.serves({shop}):
        raise Forbidden(NOT_YOURS)
    return ShopScope(staff, shop, {source: name for source, name in deps.shops.items() if staff.serves({source})})
