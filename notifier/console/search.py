"""Finding an order by whatever the customer reads out: its number, a phone, a tracking or receipt number."""

import contextlib
import re
from typing import Any

from notifier.console.customer import orders_of
from notifier.console.dependencies import Dependencies
from notifier.domain import canonical, phones
from notifier.domain.orders import Order

_LONGEST = 200


async def search(deps: Dependencies, text: str) -> list[Order]:
    """The orders meant, in any digits, the likeliest first."""
    query = canonical.asked_for(text[:_LONGEST]).lstrip("#").strip()
    if not query:
        return []
    found = [order for source in deps.sources for order in await deps.reader.called(source, query)]
    found += await deps.reader.orders_numbered(query, deps.sources)
    with contextlib.suppress(phones.PhoneError):
        found += await orders_of(deps, phones.normalize(query), limit=30)
    for code in dict.fromkeys((query, re.sub(r"[\s\-]", "", query))):
        for keys in deps.reader.everywhere:
            member: Any = await deps.redis.hget(keys.codes(code), code)
            if member is not None and (order := await deps.reader.order(*member.decode().split(":", 1))):
                found.append(order)
    return list({(order.source, order.id): order for order in found}.values())
