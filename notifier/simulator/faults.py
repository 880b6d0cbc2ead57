"""Troubles on demand: what a client meets in real life, at the moment a test wants it."""

from random import Random
from typing import Literal

import msgspec

FaultKind = Literal["latency", "drop", "hang", "code", "http_error", "broken_json"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trouble. ``accepted`` says whether the call is carried out before the trouble shows: a dropped answer is
    ``Fault(kind="drop", accepted=True)``, a dropped request ``Fault(kind="drop")``.

    latency     the answer comes ``seconds`` (of real time) late; adds to the other kinds
    drop        the connection is closed without an answer
    hang        no answer ever
    code        an envelope with ``code`` in place of the entries, Bale's refusal with its ``code``, or that of a bot's
                API, which under 429 names ``seconds`` as its retry_after
    http_error  an HTML page with the HTTP status ``status``, as a proxy gives
    broken_json half an envelope under HTTP 200
    """

    kind: FaultKind
    method: str | None = None
    """Such as ``sms/send``, ``bale/send_message``, ``bot/sendMessage`` and ``bot/*`` for bots, ``exchange/dial``,
    ``exchange/originate``, ``exchange/ami``; None is every method of Kavenegar's."""
    times: int | None = None
    """None is until it is cleared."""
    probability: float = 1.0
    accepted: bool = False
    seconds: float = 0.0
    code: int = 0
    status: int = 502
    http_mirror: bool | None = None
    """Whether a ``code`` is the HTTP status too; None is as the simulator is set."""

    def __post_init__(self) -> None:
        if self.kind == "latency" and self.seconds <= 0:
            raise ValueError("a latency fault needs `seconds` above 0")
        if self.kind == "code" and not self._least <= self.code <= 999:
            raise ValueError("a code fault needs `code`: one from Kavenegar's table, such as 418")
        if self.method is not None and "/" not in self.method:
            raise ValueError("`method` is a path such as sms/send")
        if not 500 <= self.status <= 599:
            raise ValueError("`status` is an HTTP status from 500 to 599")
        if not 0 < self.probability <= 1:
            raise ValueError("`probability` is above 0 and at most 1")
        if self.times is not None and self.times < 1:
            raise ValueError("`times` is at least 1; leave it out for ever")

    @property
    def is_of_bale(self) -> bool:
        return self.method is not None and self.method.startswith("bale/")

    @property
    def is_of_bots(self) -> bool:
        return self.method is not None and self.method.startswith("bot/")

    @property
    def _least(self) -> int:
        return 400 if self.is_of_bots else 1 if self.is_of_bale else 201

    def befalls(self, method: str) -> bool:
        """Whether a call of this method may meet it."""
        if self.method == "bot/*":
            return method.startswith("bot/")
        return self.method == method or (self.method is None and not method.startswith(("bale/", "bot/", "exchange/")))


class Faults:
    """The troubles in force, in the order they were added. The dice are seeded: a run can be repeated."""

    def __init__(self, *, seed: int = 0) -> None:
        self._dice = Random(seed)
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def __len__(self) -> int:
        return len(self._faults)

    @property
    def in_force(self) -> list[Fault]:
        """What is left, ``times`` counted down."""
        return list(self._faults)

    def strike(self, method: str) -> list[Fault]:
        """What befalls this call: any latencies, and at most one other trouble at the end."""
        struck: list[Fault] = []
        for fault in self.in_force:
            if fault.befalls(method) and self._dice.random() < fault.probability:
                self._count_down(fault)
                struck.append(fault)
                if fault.kind != "latency":
                    break
        return struck

    def _count_down(self, fault: Fault) -> None:
        if fault.times is None:
            return
        # By identity: two equal faults are two faults.
        place = next(place for place, other in enumerate(self._faults) if other is fault)
        if fault.times == 1:
            del self._faults[place]
        else:
            self._faults[place] = msgspec.structs.replace(fault, times=fault.times - 1)
