"""Every text that promises something has a text or a call behind it that keeps the promise."""

import re
from collections.abc import Collection, Iterator

import pytest
from rulebook import RULEBOOK

from notifier.domain.events import EventType
from notifier.domain.messages import Audience
from notifier.domain.orders import STAGES
from notifier.domain.policy import Block, EventRule

E = EventType
NEWS = re.compile(r"خبر(?:تان|شما را)? ?(?:را )?(?:می‌دهیم|می‌کنیم|خواهیم)|خبر می‌دهیم|تلاش می‌شود")
CALL = re.compile(r"تماس می‌گیریم|زنگ می‌زنیم")
KEEPERS: dict[str, Collection[EventType]] = {
    "deposit_reported": (E.DEPOSIT_CONFIRMED, E.DEPOSIT_REJECTED),
    "order_cancelled_prepaid": (E.REFUNDED,),
    "order_cancelled_part": (E.REFUNDED,),
    "order_delayed": (E.DELAYED, E.SHIPPED),
    "order_delivery_failed": (E.OUT_FOR_DELIVERY, E.DELIVERED),
    "order_registered_free": (E.PREPARING, E.PACKED, E.SHIPPED, E.OUT_FOR_DELIVERY, E.DELIVERED),
    "order_returned": (E.RETURN_ACCEPTED, E.RETURN_REFUSED),
    "payment_succeeded_elsewhere": (E.PREPARING, E.PACKED, E.SHIPPED, E.OUT_FOR_DELIVERY, E.DELIVERED),
}
"""What a text that says «خبر می‌دهیم» promises news of."""

BLOCKS = [*RULEBOOK.policy.blocks.values(), RULEBOOK.policy.free, RULEBOOK.policy.otherwise]
TEXTS = {name: found.source for name, found in RULEBOOK.templates.items() if found.audience is Audience.CUSTOMER}  # type: ignore[attr-defined]


def body(name: str) -> str:
    return TEXTS[name].split("+++")[2]


def promising(pattern: re.Pattern[str]) -> list[str]:
    return sorted(name for name in TEXTS if pattern.search(body(name)))


def sent(name: str) -> Iterator[tuple[Block, EventType, EventRule]]:
    for block in BLOCKS:
        for kind, rule in block.rules.items():
            if any(text.template == name for text in rule.sms):
                yield block, kind, rule


@pytest.mark.parametrize("name", promising(NEWS))
def test_who_promises_news_has_a_text_behind_it(name: str) -> None:
    assert name in KEEPERS, f"{name} promises news: say in KEEPERS of what"
    for block, _, _ in sent(name):
        for kind in KEEPERS[name]:
            assert block.rule(kind).sms, f"{name} promises news of {kind}, and no text tells it"


@pytest.mark.parametrize("name", [name for name in promising(CALL) if name != "call_exhausted"])
def test_who_promises_a_call_has_a_call_behind_it(name: str) -> None:
    for block, kind, rule in sent(name):
        begins = block.calls if kind is E.REGISTERED else ()
        assert [*rule.calls, *begins], f"{name} promises a call, and {kind} plans none"


def test_a_planted_promise_is_found() -> None:
    assert NEWS.search("نتیجه را خبر می‌دهیم.")
    assert NEWS.search("به حساب شما برمی‌گردد و خبرتان می‌کنیم.")
    assert CALL.search("برای هماهنگی تماس می‌گیریم.")
    assert not NEWS.search("اگر واریز کرده‌اید، خبرمان کنید")


def test_the_table_of_keepers_names_only_what_promises() -> None:
    assert KEEPERS.keys() == set(promising(NEWS))


def test_news_that_is_no_stage_is_judged_by_its_own_rules() -> None:
    assert STAGES.keys().isdisjoint({E.RETURN_ACCEPTED, E.RETURN_REFUSED, E.DELIVERY_FAILED, E.DELAYED})
