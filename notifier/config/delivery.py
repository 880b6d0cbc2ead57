"""``[delivery]``: the slots in which orders are delivered, in the words of the file."""

from dataclasses import dataclass
from datetime import time
from typing import Annotated

from annotated_types import MaxLen, MinLen
from pydantic import BeforeValidator, Field

from notifier.domain.slots import SlotRule, SlotRules, Weekday


def _list(days: object) -> object:
    """One day may be written without brackets."""
    return [days] if isinstance(days, str) else days


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotConfig(SlotRule):
    """Under the words of the file, one of which no field can be called."""

    weekday: Annotated[tuple[Weekday, ...], MinLen(1), BeforeValidator(_list)]
    start: Annotated[time, Field(alias="from")]
    end: Annotated[time, Field(alias="to")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryConfig(SlotRules):
    """``slots`` is a list of tables, ``[[delivery.slots]]``."""

    slots: Annotated[tuple[SlotConfig, ...], MaxLen(500)] = ()
