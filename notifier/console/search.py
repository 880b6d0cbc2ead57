"""The one search: what a customer reads out or a colleague remembers of them, in groups, the likeliest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifier.console.dependencies import Dependencies
from notifier.console.scope import ShopScope
from notifier.domain import lookup
from notifier.domain.lookup import Query
from notifier.domain.orders import Order
from notifier.store import keys as names
from notifier.store import search_index
from notifier.store.keys import Keys
from notifier.store.search_index import CODE, NAME

SHOWN = 20
"""Orders of one group that are shown: whoever sees so many narrows the search."""

_LOOKED_AT = 500  # entries of one kind, of which the newest orders are shown
_PHONES = 100  # customers whose phones end alike

NUMBER, CODES, PHONE, NAMES = "number", "code", "phone", "name"
GROUPS = (NUMBER, CODES, PHONE, NAMES)

_Place = tuple[Keys, str]


@dataclass(frozen=True, slots=True)
class FoundOrders:
    """Orders by what they were found by; ``more`` are the groups that have more than is shown."""

    groups: dict[str, list[Order]] = field(default_factory=dict)
    more: frozenset[str] = frozenset()

    @property
    def orders(self) -> list[Order]:
        """Each order once."""
        every = (order for found in self.groups.values() for order in found)
        return list({(order.source, order.id): order for order in every}.values())


async def search(deps: Dependencies, text: str, scope: ShopScope) -> FoundOrders:
    """What is meant, in any digits and spelling, of the shops that are shown: three round trips, however many orders
    there are."""
    query = lookup.query(text)
    if not query:
        return FoundOrders()
    places, phones = await _entries(deps, query)
    places[NUMBER] = _each([*places[NUMBER], *await _by_id(deps, query)])
    places[PHONE] = _each([*places[PHONE], *await _of_customers(deps, phones)])
    places = {group: [one for one in found if scope.shows(one[1].partition(":")[0])] for group, found in places.items()}
    scores = await _newest(deps, [place for group in GROUPS for place in places[group]])
    more: set[str] = set()
    shown: dict[str, list[_Place]] = {}
    for group in GROUPS:
        # What is in no list of orders was removed and is only remembered.
        there = sorted((one for one in places[group] if one in scores), key=lambda one: -scores[one])
        shown[group] = there[:SHOWN]
        if len(there) > SHOWN:
            more.add(group)
    orders = await deps.reader.orders([place for group in GROUPS for place in shown[group]])
    known = {f"{order.source}:{order.id}": order for order in orders}
    groups = {group: [known[member] for _, member in shown[group] if member in known] for group in GROUPS}
    return FoundOrders({group: found for group, found in groups.items() if found}, frozenset(more))


async def _entries(deps: Dependencies, query: Query) -> tuple[dict[str, list[_Place]], list[_Place]]:
    """The orders that the indexes name, by group, and the phones that end so, each with where it lies."""
    tail = query.phone or query.tail
    pipeline, asked = deps.redis.pipeline(transaction=False), list[tuple[str, Keys]]()

    def ask(what: str, keys: Keys) -> None:
        asked.append((what, keys))

    for keys in deps.reader.everywhere:
        for code in query.codes:
            pipeline.hget(keys.codes(code), code)
            ask("code", keys)
            for source in deps.sources:
                pipeline.smembers(keys.numbered(source, code))
                ask("numbers", keys)
        if query.code:
            pipeline.zrangebylex(keys.found_by, *search_index.bounds(f"{CODE}{query.code}|"), start=0, num=_LOOKED_AT)
            ask("codes", keys)
        if query.words:
            *first, last = query.words
            for start in dict.fromkeys(("".join(query.words), "".join([last, *first]), *query.words)):
                pipeline.zrangebylex(keys.found_by, *search_index.bounds(NAME + start), start=0, num=_LOOKED_AT)
                ask("names", keys)
        if tail:
            for name in search_index.phone_sets(keys, tail):
                pipeline.smembers(name)
                ask("phones", keys)
    places: dict[str, list[_Place]] = {group: [] for group in GROUPS}
    phones: list[_Place] = []
    for (what, keys), answer in zip(asked, await pipeline.execute(), strict=True):
        match what:
            case "code" if answer is not None:
                places[CODES].append((keys, answer.decode()))
            case "numbers":
                places[NUMBER] += [(keys, member.decode()) for member in sorted(answer)]
            case "codes":
                places[CODES] += [(keys, search_index.named(member)[1]) for member in answer]
            case "names":
                found = [search_index.named(member) for member in answer]
                places[NAMES] += [(keys, one) for key, one in found if lookup.says(key[1:], query.words)]
            case "phones":
                numbers = sorted(map(search_index.phone_of, answer))
                phones += [(keys, number) for number in numbers if number.endswith(tail)]
    return {group: _each(found) for group, found in places.items()}, phones[:_PHONES]


async def _by_id(deps: Dependencies, query: Query) -> list[_Place]:
    """The orders that the shops themselves call so."""
    wanted = [(source, code) for code in query.codes for source in deps.sources]
    count = deps.reader.partitions
    if count == 1:
        return [(deps.reader.everywhere[0], f"{source}:{code}") for source, code in wanted]
    pipeline = deps.redis.pipeline(transaction=False)
    for source, code in wanted:
        pipeline.get(names.route(source, code))
    found = zip(wanted, await pipeline.execute(), strict=True)
    return [
        (Keys(int(place) if place is not None else names.partition_of(code, count)), f"{source}:{code}")
        for (source, code), place in found
    ]


async def _of_customers(deps: Dependencies, phones: Sequence[_Place]) -> list[_Place]:
    """The newest orders of each phone."""
    if not phones:
        return []
    pipeline = deps.redis.pipeline(transaction=False)
    for keys, phone in phones:
        pipeline.zrevrange(keys.customer_orders(phone), 0, SHOWN)
    found = await pipeline.execute()
    return [(keys, one.decode()) for (keys, _), members in zip(phones, found, strict=True) for one in members]


async def _newest(deps: Dependencies, places: Iterable[_Place]) -> dict[_Place, float]:
    """When each order last changed (unix ms), of those that are there."""
    whose: dict[Keys, list[str]] = {}
    for keys, member in dict.fromkeys(places):
        whose.setdefault(keys, []).append(member)
    pipeline = deps.redis.pipeline(transaction=False)
    for keys, members in whose.items():
        pipeline.zmscore(keys.orders, members)
    answers: Any = await pipeline.execute() if whose else []
    return {
        (keys, member): score
        for (keys, members), scores in zip(whose.items(), answers, strict=True)
        for member, score in zip(members, scores, strict=True)
        if score is not None
    }


def _each(places: Iterable[_Place]) -> list[_Place]:
    return list(dict.fromkeys(places))
