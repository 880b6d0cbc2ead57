"""Lines of an account against orders that wait for transfers: ``python -m bench.bank``.

Ten thousand lines of eleven banks' shapes, seeded, on an embedded Redis: deposits of orders, of nobody, repeated ones,
withdrawals, interest, codes, and sums that two orders share. Every order knows which line is its own, so that what is
matched wrong can be counted. It must be none.
"""

import argparse
import asyncio
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bench.table import Row, show
from notifier.clock import TEHRAN, StillClock
from notifier.config.loading import in_data_dir, load
from notifier.domain.bank import LineStanding, MatchVerdict
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.intake.bank import matching, reading
from notifier.service.process import WEB, Service
from notifier.store.bank import GivenLine
from notifier.store.records import ms

ROOT = Path(__file__).parents[1]
_START = datetime(2026, 11, 23, 9, tzinfo=TEHRAN)

WRONG = "matched or proposed wrong"

Shape = Callable[[bool, int, int, str], str]


SHAPES: dict[str, Shape] = {
    "mellat": lambda came, sum_, left, at: (
        f"حساب1234567890\n{'واریز' if came else 'برداشت'}{sum_:,}\nمانده{left:,}\n05/09/02-{at}"
    ),
    "melli": lambda came, sum_, left, at: (
        f"بانك ملي ايران\nانتقال:{sum_:,}{'+' if came else '-'}\nحساب:12345\nمانده:{left:,}\n0902-{at}"
    ),
    "saderat": lambda came, sum_, left, at: (
        f"{'واريز' if came else 'پايانه فروش'}: {sum_:,}{'+' if came else '-'} حساب: 54321 مانده: {left:,} 0902 - {at}"
    ),
    "pasargad": lambda came, sum_, left, at: (
        f"123.800.xxxxx.1\n{'+' if came else '-'}{sum_:,}\n09/02_{at}\nمانده: {left:,}"
    ),
    "resalat": lambda came, sum_, left, at: (
        f"10.1234567.1\n{'+' if came else '-'}{sum_:,}\n09/02_{at}\nمانده: {left:,}"
    ),
    "saman": lambda came, sum_, left, at: (
        f"بانك سامان\n{'واریز' if came else 'برداشت'} مبلغ  {sum_:,}ريال\n{'به' if came else 'از'} 123-800-456-1\n"
        f"مانده {left:,}\n1405/9/2\n{at}"
    ),
    "refah": lambda came, sum_, left, at: (
        f"بانک رفاه\n{'واریز' if came else 'برداشت'} مبلغ {sum_:,} ریال\nمانده {left:,}\n{at}"
    ),
    "novin": lambda came, sum_, left, at: (
        f"{'واریز' if came else 'برداشت'}: 123-800-456789-1\n{'+' if came else '-'}{sum_:,}ريال\n"
        f"مانده:{left:,}ريال\n9/2-{at}"
    ),
    "khavarmianeh": lambda came, sum_, left, at: (
        f"بانک خاورمیانه\n{'واریز' if came else 'انتقال'}\n{'+' if came else '-'}{sum_:,}\nمانده {left:,}\n09/02\n{at}"
    ),
    "blu": lambda came, sum_, left, at: (
        f"بلو\n{'واریز پول' if came else 'انتقال پول'}\nمشتری عزیز، {sum_:,} ریال "
        f"{'به حساب شما نشست' if came else 'از حساب شما پرید'}.\nموجودی: {left:,} ریال\n{at}"
    ),
    "keshavarzi": lambda came, sum_, left, at: (
        f"{'واریز' if came else 'خرید'}{sum_:,}\nمانده{left:,}\n050902-{at}\nکارت*1234\nbki.ir"
    ),
}


@dataclass(frozen=True, slots=True)
class _Told:
    """A text, and the order that it pays, if any."""

    bank: str
    text: str
    order: str
    kind: str


def told(count: int, orders: dict[str, int], chance: random.Random) -> list[_Told]:
    """Texts in the order they come; every order of its own sum is paid by one of them."""
    balances = {bank: 1_000_000_000 + chance.randrange(10**9) for bank in SHAPES}
    sums = Counter(orders.values())
    paying = [name for name, amount in orders.items() if chance.random() < 0.8]
    kinds = ["pays"] * len(paying) + ["other"] * ((count - len(paying)) * 4 // 10)
    kinds += ["out"] * ((count - len(paying)) * 4 // 10)
    kinds += ["again"] * (count - len(kinds) - count // 100) + ["code"] * (count // 100)
    chance.shuffle(kinds)
    paid, found = iter(paying), list[_Told]()
    used = set(orders.values())
    for place, kind in enumerate(kinds):
        bank = chance.choice(list(SHAPES))
        at = f"{9 + place // 1000:02}:{place // 20 % 60:02}"
        if kind == "again" and found:
            found.append(chance.choice(found[-200:]))
            continue
        if kind == "code":
            found.append(_Told(bank, f"رمز پویا: {chance.randrange(10**6)}\nخرید 2,400,000", "", "code"))
            continue
        order = next(paid) if kind == "pays" else ""
        amount = orders[order] if order else 10 * chance.randrange(10_000, 40_000_000)
        if not order and kind != "out" and amount in used:
            amount += 10
            while amount in used:
                amount += 10
        came = kind != "out"
        balances[bank] += amount if came else -min(amount, balances[bank] // 2)
        if chance.random() < 0.02:  # a text that never came: the chain breaks
            balances[bank] += 77_777_770
        shared = "shared" if order and sums[amount] > 1 else "pays" if order else kind
        found.append(_Told(bank, SHAPES[bank](came, amount, max(balances[bank], 0), at), order, shared))
    return found


async def measured(lines: int, transfers: int, seed: int) -> tuple[Counter[str], dict[str, float]]:
    """What became of every line, and how long that took."""
    chance = random.Random(seed)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    names = [f"T{number:05}" for number in range(transfers)]
    orders = {name: 10 * chance.randrange(50_000, 20_000_000) for name in names}
    for first, second in zip(names[:100:2], names[1:100:2], strict=True):
        orders[second] = orders[first]  # two of one sum
    with tempfile.TemporaryDirectory() as folder:
        secrets = {
            "NOTIFIER__SOURCES__SHOP__SECRET": "whsec_" + "QUJD" * 11,
            "NOTIFIER__SOURCES__WOO__SECRET": "w" * 32,
        }
        environment = secrets | {
            "NOTIFIER__SOURCES__BANK": '{"kind": "bank", "secret": "whsec_' + "QUJD" * 11 + '"}',
            "NOTIFIER__DEPOSITS__AUTOMATIC": "exact",
            "NOTIFIER__SMS__PROVIDER": "simulator",
            "NOTIFIER__CALLBACKS__TOKEN": "bench-callbacks-token",
            "NOTIFIER__API__TOKENS": '["bench-api-token"]',
        }
        config = in_data_dir(load(ROOT / "config.toml", environment=environment), Path(folder))
        clock = StillClock(_START)
        async with Service(config, clock=clock, roles=[WEB]) as service:
            for name, amount in orders.items():
                details = Details(
                    phone="09121234567", city="اصفهان", method=PaymentMethod.BANK_TRANSFER, amount=amount, number=name
                )
                await service.take(
                    Event(id=name, source="shop", type=EventType.REGISTERED, order_id=name, at=_START, details=details)
                )
            came: Counter[str] = Counter()
            owners: dict[str, tuple[str, str]] = {}
            times = list[float]()
            for one in told(lines, orders, chance):
                clock.turn(timedelta(seconds=3))
                if reading.is_secret(one.text):
                    came["refused: a code"] += 1
                    continue
                said = reading.read(one.text, bank=one.bank)
                begun = time.perf_counter()
                (taken,) = await service.bank.take("bank", [GivenLine(said=said, at=ms(clock.now()), text=one.text)])
                times.append(time.perf_counter() - begun)
                if not taken.is_new:
                    came["known already"] += 1
                    continue
                owners[taken.line.id] = (one.order, one.kind)
            await service.bank.tick()
            found = await service.bank.book.lines(list(owners))
            opened = [line for line in found if line.standing is LineStanding.OPEN]
            matches = {line.id: match for line, match in zip(opened, await service.bank.matches(opened), strict=True)}
            for line in found:
                order, kind = owners[line.id]
                ours = f"shop:{order}"
                if line.standing is LineStanding.NOTED:
                    came["no deposit" if not order else WRONG] += 1
                elif line.standing is LineStanding.MATCHED:
                    right = line.order == ours or (kind == "shared" and orders[line.order[5:]] == orders[order])
                    came["matched right, by itself" if right else WRONG] += 1
                else:
                    match = matches[line.id]
                    if matching.is_proposed(match):
                        came["proposed, right" if f"shop:{match.orders[0].id}" == ours else WRONG] += 1
                    elif match.verdict is MatchVerdict.NONE:
                        came["left: nobody's" if not order else "left: its order is paid or shares its sum"] += 1
                    else:
                        came["a task: several orders or a doubt"] += 1
            times.sort()
            return came, {
                "median ms a line": 1000 * times[len(times) // 2],
                "99th percentile ms a line": 1000 * times[len(times) * 99 // 100],
                "lines a second": len(times) / sum(times),
            }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--transfers", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    came, speed = await measured(given.lines, given.transfers, given.seed)
    came.setdefault(WRONG, 0)
    show(
        [
            *(
                Row(what, f"{count:,}", "0" if what == WRONG else "", what != WRONG or not count)
                for what, count in sorted(came.items())
            ),
            *(Row(what, f"{value:,.1f}") for what, value in speed.items()),
        ]
    )


if __name__ == "__main__":
    asyncio.run(main())
