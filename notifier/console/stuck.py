"""Texts that are stuck or did not arrive, and that nobody has seen to."""

from collections.abc import Sequence
from typing import Any

from notifier.console.dependencies import Dependencies
from notifier.console.scope import READ, ShopScope
from notifier.domain.messages import MessageState
from notifier.store.keys import Keys


async def needing(
    deps: Dependencies, members: Sequence[tuple[Keys, str]], states: Sequence[MessageState]
) -> list[tuple[Keys, str]]:
    """The members that nobody has seen to."""
    pipeline = deps.redis.pipeline(transaction=False)
    for keys, member in members:
        for state in states:
            pipeline.zscore(keys.seen_to(state), member)
    found = await pipeline.execute() if members else []
    width = len(states)
    return [
        one for at, one in enumerate(members) if all(score is None for score in found[at * width : (at + 1) * width])
    ]


async def of_shops(deps: Dependencies, states: Sequence[MessageState], scope: ShopScope) -> list[MessageState]:
    """The states of those that are of the shops that are shown, as far back as anybody reads."""
    pipeline, places = (
        deps.redis.pipeline(transaction=False),
        [(at, one) for at in deps.reader.everywhere for one in states],
    )
    for keys, state in places:
        pipeline.zrevrange(keys.messages(state), 0, READ - 1)
    rows: list[Any] = await pipeline.execute()
    members = [(keys, one.decode()) for (keys, _), row in zip(places, rows, strict=True) for one in row]
    found = await deps.reader.messages(await needing(deps, members, states))
    return [one.state for one in found if scope.shows(one.message.source)]
