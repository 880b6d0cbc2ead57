"""What a text leaves behind so that an older one of its order gives way to it."""

from datetime import datetime

import pytest

from notifier.clock import TEHRAN
from notifier.domain.messages import Audience, Message
from notifier.store import writes
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

PHONE, KEYS = "09121234567", Keys(0)


def told(*, overtakes: bool, first_of_order: bool) -> list[str]:
    """The commands that a queued text leaves where the newest text of its order is remembered."""
    message = Message(
        id="7",
        template="registered",
        version="1",
        to=PHONE,
        text="ثبت شد",
        created_at=datetime(2026, 11, 23, 9, tzinfo=TEHRAN),
        audience=Audience.CUSTOMER,
        order_id="1",
        source="shop",
        overtakes=overtakes,
    )
    unit = UnitOfWork()
    writes.queue_message(unit, KEYS, message, first_of_order=first_of_order)
    return [operation[0] for operation in unit.operations if operation[1] == KEYS.told(PHONE)]


@pytest.mark.parametrize(
    ("overtakes", "first_of_order", "left"),
    [(True, False, ["HSET", "PEXPIRE"]), (True, True, []), (False, False, []), (False, True, [])],
)
def test_only_what_may_overtake_another_text_is_remembered(
    overtakes: bool, first_of_order: bool, left: list[str]
) -> None:
    assert told(overtakes=overtakes, first_of_order=first_of_order) == left
