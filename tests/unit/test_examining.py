"""Deliveries that come at once are proved one after another, then read one after another, and each for itself."""

import asyncio
from datetime import UTC, datetime

import pytest

from notifier.errors import BadSignature, Unprocessable
from notifier.intake.adapter import Proof, Received
from notifier.intake.examining import Examined, Examiner


class Shop:
    """Writes down what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def verify(self, received: Received) -> Proof:
        self.asked.append(f"verify {received.body.decode()}")
        if received.body == b"forged":
            raise BadSignature("forged")
        return Proof(received.body.decode())

    def read(self, received: Received, proof: Proof) -> str:
        self.asked.append(f"read {proof.event_id}")
        if received.body == b"odd":
            raise Unprocessable("odd")
        return f"found {proof.event_id}"


def taken(examiner: Examiner, shop: Shop, *bodies: bytes) -> list[Examined[str]]:
    at = datetime(2026, 11, 28, tzinfo=UTC)
    received = [Received(headers={}, content_type="application/json", body=body, at=at) for body in bodies]
    return [examiner.take(one, shop.verify, shop.read) for one in received]


async def test_those_of_one_moment_are_proved_before_any_is_read() -> None:
    examiner, shop = Examiner(), Shop()
    first, second = taken(examiner, shop, b"a", b"b")
    assert await first.found == "found a"
    assert await second.found == "found b"
    assert shop.asked == ["verify a", "verify b", "read a", "read b"]
    assert (first.event_id, second.event_id) == ("a", "b")


async def test_who_comes_later_is_examined_later() -> None:
    examiner, shop = Examiner(), Shop()
    for body in (b"a", b"b"):
        (one,) = taken(examiner, shop, body)
        await one.found
    assert shop.asked == ["verify a", "read a", "verify b", "read b"]


async def test_what_is_refused_is_refused_for_itself() -> None:
    examiner, shop = Examiner(), Shop()
    forged, odd, good = taken(examiner, shop, b"forged", b"odd", b"good")
    assert await good.found == "found good"
    with pytest.raises(BadSignature):
        await forged.found
    with pytest.raises(Unprocessable):
        await odd.found
    assert forged.proof is None
    assert forged.event_id == ""
    assert odd.proof == Proof("odd")


async def test_what_nobody_waits_for_any_more_is_not_read() -> None:
    examiner, shop = Examiner(), Shop()
    gone, stays = taken(examiner, shop, b"gone", b"stays")
    waiting = asyncio.ensure_future(gone.found)
    waiting.cancel()
    assert await stays.found == "found stays"
    assert "read gone" not in shop.asked
