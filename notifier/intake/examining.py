"""Deliveries that come at once are proved one after another, and then read one after another.

The processor's nearest cache does not hold the code of a delivery's whole way. While it has that of one step at hand,
the step takes half the time.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from notifier.intake.adapter import Proof, Received

T = TypeVar("T")


class Examined(Struct, Generic[T]):
    """A request on its way to be proved and read. ``proof`` is there once it is proved, whatever it reads."""

    received: Received
    verify: Callable[[Received], Proof]
    read: Callable[[Received, Proof], T]
    found: asyncio.Future[T]
    proof: Proof | None = None

    @property
    def event_id(self) -> str:
        """The id that it is signed with; empty where there is none, or no proof yet."""
        return (self.proof and self.proof.event_id) or ""

    def fail(self, error: Exception) -> None:
        if not self.found.done():
            self.found.set_exception(error)


class Examiner:
    """Proves and reads what is handed in until the loop comes to it. Made where the loop runs."""

    __slots__ = ("_loop", "_waiting")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Examined[Any]] = []

    def take(
        self, received: Received, verify: Callable[[Received], Proof], read: Callable[[Received, Proof], T]
    ) -> Examined[T]:
        """Hand a request in, to wait for what is ``found`` in it; that raises the Problem for which it is refused."""
        if not self._waiting:
            self._loop.call_soon(self._examine)
        one = Examined(received, verify, read, self._loop.create_future())
        self._waiting.append(one)
        return one

    def _examine(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            try:
                one.proof = one.verify(one.received)
            except Exception as error:
                one.fail(error)
        for one in waiting:
            if one.proof is not None and not one.found.done():
                try:
                    one.found.set_result(one.read(one.received, one.proof))
                except Exception as error:
                    one.fail(error)
