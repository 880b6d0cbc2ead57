"""Enumerations, whatever Python they run on."""

from enum import Enum, EnumType, IntFlag

import pytest

from notifier.domain.events import EventType


class _Odd(Enum):
    name = "a member called as every member's own attribute"
    PLAIN = 1


def test_members_are_attributes_and_nothing_stands_in_their_way() -> None:
    assert "__getattr__" not in vars(EnumType)
    assert EventType.PAID is EventType("payment.succeeded") is EventType["PAID"]
    assert all(getattr(EventType, name) is member for name, member in EventType.__members__.items())


def test_odd_members_are_found_as_ever() -> None:
    assert _Odd.name is _Odd("a member called as every member's own attribute")
    assert [one.name for one in _Odd] == ["name", "PLAIN"]
    flags = IntFlag("flags", "A B")
    assert flags(3) == flags.A | flags.B


def test_what_is_no_member_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="NOTHING"):
        EventType.NOTHING  # type: ignore[attr-defined] # noqa: B018
