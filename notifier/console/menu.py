"""How much waits behind each entry of the menu: in one round trip for who sees to all shops."""

from collections import Counter
from collections.abc import Mapping

from notifier.console import replies, stuck
from notifier.console import scope as scopes
from notifier.console.dependencies import Dependencies
from notifier.domain.messages import MessageState
from notifier.sms import inbox
from notifier.store import keys as names
from notifier.store.staff import Role, Staff

NEEDING = (MessageState.HELD, MessageState.FAILED, MessageState.UNDELIVERED, MessageState.BLOCKED)
"""States of texts that a person has to see to."""

CALLS, INBOX, MESSAGES, DELIVERIES = "/console/", "/console/inbox", "/console/messages", "/console/deliveries"
DEPOSITS, PARKED = "/console/deposits", "/console/parked"


async def counts(deps: Dependencies, staff: Staff) -> Mapping[str, int]:
    """By the address of the page; of calls those of this person that wait now, of all else what is of their shops."""
    return await (_all(deps, staff) if not staff.sources else _of_shops(deps, staff))


async def _all(deps: Dependencies, staff: Staff) -> Mapping[str, int]:
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


async def _of_shops(deps: Dependencies, staff: Staff) -> Mapping[str, int]:
    """By looking at what waits, as far as anybody reads: there are no counters of a shop alone."""
    pipeline, everywhere, scope = deps.redis.pipeline(transaction=False), deps.reader.everywhere, scopes.of(staff)
    for keys in everywhere:
        pipeline.zcard(keys.ready(staff.id))
        for name in (keys.deposits, keys.parked_orders):
            pipeline.zrange(name, 0, scopes.READ - 1)
    found = await pipeline.execute()
    counted = Counter({CALLS: sum(found[::3])})
    for page, rows in ((DEPOSITS, found[1::3]), (PARKED, found[2::3])):
        counted[page] = sum(scope.shows(member.decode().partition(":")[0]) for row in rows for member in row)
    counted[INBOX] = len(await replies.of_shops(deps, await inbox.waiting(deps.reader, most=scopes.READ), scope))
    counted[MESSAGES] = len(await stuck.of_shops(deps, NEEDING, scope))
    if staff.role is Role.SUPERVISOR:
        pipeline = deps.redis.pipeline(transaction=False)
        for source in staff.sources:
            for signed in (True, False):
                pipeline.zcard(names.kept(source, signed=signed))
        counted[DELIVERIES] = sum(await pipeline.execute())
    return counted
