"""How much waits behind each entry of the menu, in one round trip."""

from collections import Counter
from collections.abc import Mapping

from notifier.console.dependencies import Dependencies
from notifier.domain.messages import MessageState
from notifier.store import keys as names

NEEDING = (MessageState.HELD, MessageState.FAILED, MessageState.UNDELIVERED, MessageState.BLOCKED)
"""States of texts that a person has to see to."""

INBOX, MESSAGES, DELIVERIES = "/console/inbox", "/console/messages", "/console/deliveries"


async def counts(deps: Dependencies, *, supervisor: bool) -> Mapping[str, int]:
    """By the address of the page."""
    pipeline, whose = deps.redis.pipeline(transaction=False), list[tuple[str, int]]()
    for keys in deps.reader.everywhere:
        pipeline.zcard(keys.inbox)
        whose.append((INBOX, 1))
        for state in NEEDING:
            pipeline.zcard(keys.messages(state))
            pipeline.zcard(keys.seen_to(state))
            whose += [(MESSAGES, 1), (MESSAGES, -1)]
    if supervisor:
        for source in deps.sources:
            for signed in (True, False):
                pipeline.zcard(names.kept(source, signed=signed))
                whose.append((DELIVERIES, 1))
    found: Counter[str] = Counter()
    for (page, sign), count in zip(whose, await pipeline.execute(), strict=True):
        found[page] += sign * int(count)
    return found
