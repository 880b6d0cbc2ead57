"""How much waits behind each entry of the menu, in one round trip."""

from collections import Counter
from collections.abc import Mapping

from notifier.console.dependencies import Dependencies
from notifier.domain.messages import MessageState
from notifier.store import keys as names
from notifier.store.staff import Role, Staff

NEEDING = (MessageState.HELD, MessageState.FAILED, MessageState.UNDELIVERED, MessageState.BLOCKED)
"""States of texts that a person has to see to."""

CALLS, INBOX, MESSAGES, DELIVERIES = "/console/", "/console/inbox", "/console/messages", "/console/deliveries"
DEPOSITS, PARKED = "/console/deposits", "/console/parked"


async def counts(deps: Dependencies, staff: Staff) -> Mapping[str, int]:
    """By the address of the page; of calls those of this person that wait now."""
    pipeline, whose = deps.redis.pipeline(transaction=False), list[tuple[str, int]]()
    for keys in deps.reader.everywhere:
        for page, key in (
            (CALLS, keys.ready(staff.id)),
            (INBOX, keys.inbox),
            (DEPOSITS, keys.deposits),
            (PARKED, keys.parked_orders),
        ):
            pipeline.zcard(key)
            whose.append((page, 1))
        for state in NEEDING:
            pipeline.zcard(keys.messages(state))
            pipeline.zcard(keys.seen_to(state))
            whose += [(MESSAGES, 1), (MESSAGES, -1)]
    if staff.role is Role.SUPERVISOR:
        for source in deps.sources:
            for signed in (True, False):
                pipeline.zcard(names.kept(source, signed=signed))
                whose.append((DELIVERIES, 1))
    found: Counter[str] = Counter()
    for (page, sign), count in zip(whose, await pipeline.execute(), strict=True):
        found[page] += sign * int(count)
    return found
