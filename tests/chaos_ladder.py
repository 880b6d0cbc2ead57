"""The lines of a chaotic run over a whole ladder, and what each is found to have done at the end."""

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

from notifier.domain.decide import derived_id
from notifier.domain.messages import MessageState
from notifier.simulator import Fault, Simulator
from notifier.store.reading import StoredMessage

S = MessageState
BALE, TEXTS, VOICE = "bale", "simulator", "voice"
LINES = (BALE, TEXTS, VOICE)
PRICE = 700  # rial a message of Bale's
_NUMBERS = 2500  # of one shop's customers: more than any run has
_CODES = (2, 3, 17, 20)
_MOST_CALLS = 2
BAD = ("a rung twice", "nobody left", "cost wrong")
"""What must be 0."""

_NOT_REACHED = frozenset({S.UNDELIVERED, S.BLOCKED, S.FAILED, S.EXPIRED})


def settings(base_url: str, api_key: str) -> dict[str, str]:
    """The environment of a service with three lines at one simulator, and a person behind them."""
    return {
        "SMS__LADDER": f'["{BALE}", "{TEXTS}", "{VOICE}", "call"]',
        "SMS__WAIT": f'{{"{BALE}": "30s", "{VOICE}": "2m"}}',
        "PROVIDERS__BALE__KIND": "bale",
        "PROVIDERS__BALE__API_KEY": api_key,
        "PROVIDERS__BALE__BOT_ID": "123",
        "PROVIDERS__BALE__PRICE": str(PRICE),
        "PROVIDERS__BALE__TIMEOUT": "2s",
        "PROVIDERS__BALE__BASE_URL": base_url.removesuffix("/v1") + "/bale/api/v3",
        "PROVIDERS__VOICE__KIND": "kavenegar_voice",
        "PROVIDERS__VOICE__API_KEY": api_key,
        "PROVIDERS__VOICE__TIMEOUT": "2s",
        "PROVIDERS__VOICE__BASE_URL": base_url,
    }


def people(simulator: Simulator, shops: int) -> None:
    """Two of three are not at Bale; every second phone takes no texts, and half of these are not picked up."""
    for shop in range(shops):
        for number in range(_NUMBERS):
            phone = f"0912{shop:03}{number:04}"
            fate = (7 * shop + number) % 12
            if fate % 3:
                simulator.bale.absent.add(phone)
            if fate % 2:
                simulator.undeliverable.add(phone)
                simulator.call_outcomes[phone] = "no_answer" if fate % 4 == 1 else "answered"


def trouble(dice: Random) -> Fault:
    """What befalls Bale's Safir."""
    accepted, times = dice.random() < 0.5, dice.randint(1, 3)
    return dice.choice(
        (
            Fault(kind="drop", method="bale/send_message", accepted=accepted, times=times),
            Fault(kind="http_error", method="bale/send_message", accepted=accepted, times=times),
            Fault(kind="hang", method="bale/send_message", accepted=accepted, times=1),
            Fault(kind="code", method="bale/send_message", code=dice.choice(_CODES), times=times),
        )
    )


def verdict(
    simulator: Simulator, stored: Iterable[StoredMessage], called: set[str], counted: Mapping[str, int]
) -> dict[str, int]:
    """What each rung did, and what was wrong with it. ``called`` are the reasons of calls in the book, ``counted`` what
    the figures say each line cost."""
    messages = list(stored)
    bale = Counter((one.receptor, one.text) for one in simulator.bale.messages)
    texts = Counter((one.receptor, one.text) for one in simulator.messages if one.method != "maketts")
    calls = Counter((one.receptor, one.text) for one in simulator.messages if one.method == "maketts")
    priced = {str(one.messageid): one.cost for one in simulator.messages}
    priced |= {one.message_id: PRICE for one in simulator.bale.messages}
    cost = Counter[str]()
    wrong = 0
    for one in messages:
        known = [(rung.provider, rung.provider_id, rung.cost) for rung in one.descents if rung.provider_id]
        if one.provider and one.provider_id:
            known.append((one.provider, one.provider_id, one.cost or 0))
        for line, provider_id, said in known:
            cost[line] += said
            wrong += said not in (priced.get(provider_id), 0)  # 0: found out later, where no price is told
    ended = [one for one in messages if one.message.essential and one.state in _NOT_REACHED]
    return {
        "  by bale": bale.total(),
        "  by text": texts.total(),
        "  by machine's call": calls.total(),
        "rungs left behind": sum(len(one.descents) for one in messages),
        "left to a person": len(ended),
        "a rung twice": sum(n - 1 for n in (*bale.values(), *texts.values()))
        + sum(max(n - _MOST_CALLS, 0) for n in calls.values()),
        "nobody left": sum(derived_id("undelivered", one.message.id) not in called for one in ended),
        "cost wrong": wrong + sum(cost[line] != counted.get(line, 0) for line in LINES),
        "cost, rial": cost.total(),
    }
