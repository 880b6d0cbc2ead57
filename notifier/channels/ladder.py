"""In which order somebody is told. Pure."""

from collections.abc import Collection, Sequence

from notifier.domain.channels import StaffChannel

USUAL = (StaffChannel.BALE, StaffChannel.TELEGRAM, StaffChannel.SMS, StaffChannel.PUSH)
"""Of whoever chose nothing: a bot that one went to the length of binding before an SMS that costs money."""


def ladder(
    chosen: Sequence[str], usual: Sequence[StaffChannel], available: Collection[StaffChannel]
) -> tuple[StaffChannel, ...]:
    """The channels that there are: as somebody chose, then as is usual in this shop, then the others."""
    known = [StaffChannel(one) for one in chosen if one in frozenset(StaffChannel)]
    return tuple(one for one in dict.fromkeys([*known, *usual, *USUAL]) if one in available)


def raised(order: Sequence[StaffChannel], which: StaffChannel) -> tuple[StaffChannel, ...]:
    """The order with one of its channels a place earlier."""
    found = list(order)
    place = found.index(which)
    if place:
        found[place - 1 : place + 1] = [found[place], found[place - 1]]
    return tuple(found)
