"""What a shop decides about its calls, as data: outcomes, purposes, the ladder, and how long everything takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le

from notifier.domain.calls import Purpose


class Outcome(StrEnum):
    """What became of one attempt to reach a customer."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    CALLBACK = "callback"


class Consequence(StrEnum):
    """What becomes of a call that is not tried again."""

    DONE = "done"
    EXHAUSTED = "exhausted"  # the customer gets a text that we tried
    DO_NOT_CALL = "do_not_call"  # and is not called again
    TELL_SUPERVISOR = "tell_supervisor"  # over without a text, and a supervisor is told


class To(StrEnum):
    """Where a step of the ladder takes a call."""

    ASSIGNEE = "assignee"  # reminded once more
    POOL = "pool"  # anybody's
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRule:
    """``retry`` is working time until the next try, None for none; ``then`` comes with attempt number ``limit``."""

    retry: timedelta | None = None
    limit: Annotated[int, Ge(1), Le(100)] = 1
    then: Consequence = Consequence.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeRule:
    """``within`` is working time from when the call is due until it is late."""

    priority: Annotated[int, Ge(0), Le(9)] = 1
    within: timedelta = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """A step of the ladder for calls that nobody touches; ``after`` is working time since they were due."""

    after: timedelta
    to: To


OUTCOMES: Mapping[Outcome, OutcomeRule] = {
    Outcome.REACHED: OutcomeRule(),
    Outcome.NO_ANSWER: OutcomeRule(retry=timedelta(hours=2), limit=3, then=Consequence.EXHAUSTED),
    Outcome.BUSY: OutcomeRule(retry=timedelta(minutes=15), limit=4, then=Consequence.EXHAUSTED),
    Outcome.WRONG_NUMBER: OutcomeRule(then=Consequence.TELL_SUPERVISOR),
    Outcome.REFUSED: OutcomeRule(then=Consequence.DO_NOT_CALL),
    Outcome.CALLBACK: OutcomeRule(limit=5, then=Consequence.EXHAUSTED),
}

PURPOSES: Mapping[Purpose, PurposeRule] = {
    Purpose.VERIFY_DEPOSIT: PurposeRule(priority=5, within=timedelta(hours=1)),
    Purpose.CALLBACK: PurposeRule(priority=5, within=timedelta(hours=1)),
    Purpose.WHY_CANCELLED: PurposeRule(priority=4, within=timedelta(hours=2)),
    Purpose.COORDINATION: PurposeRule(priority=4, within=timedelta(hours=2)),
    Purpose.ARRANGE_PAYMENT: PurposeRule(priority=4, within=timedelta(hours=2)),
    Purpose.RETURN: PurposeRule(priority=4, within=timedelta(hours=2)),
    Purpose.DEPOSIT_NOT_FOUND: PurposeRule(priority=4, within=timedelta(hours=2)),
    Purpose.STALLED_PARCEL: PurposeRule(priority=3),
    Purpose.REASSURANCE: PurposeRule(priority=3, within=timedelta(hours=2)),
    Purpose.UNDELIVERED_SMS: PurposeRule(priority=3, within=timedelta(hours=2)),
    Purpose.PAYMENT_HELP: PurposeRule(priority=3),
    Purpose.SHIPPING_UPDATE: PurposeRule(priority=2),
    Purpose.DEPOSIT_REMINDER: PurposeRule(priority=2),
    Purpose.SATISFACTION: PurposeRule(priority=1, within=timedelta(days=1)),
}

_USUAL = PurposeRule()

LADDER: tuple[LadderStep, ...] = (
    LadderStep(after=timedelta(minutes=15), to=To.ASSIGNEE),
    LadderStep(after=timedelta(minutes=45), to=To.POOL),
    LadderStep(after=timedelta(hours=2), to=To.SUPERVISOR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
    """``[calls]``. What is named of ``outcomes`` and ``purposes`` replaces what is usual. ``despite_refusal`` are
    purposes that go on for customers who want no calls: they are tasks. Raises ValueError for what makes no sense."""

    tick: timedelta = timedelta(seconds=1)
    assign_before: timedelta = timedelta(hours=12)
    remind_before: timedelta = timedelta(minutes=15)
    gather: timedelta = timedelta(minutes=5)
    claim_limit: timedelta = timedelta(minutes=20)
    aging: timedelta = timedelta(hours=1)
    summary_at: time | None = time(17, 30)
    despite_refusal: frozenset[Purpose] = frozenset({Purpose.VERIFY_DEPOSIT})
    ladder: tuple[LadderStep, ...] = LADDER
    outcomes: Mapping[Outcome, OutcomeRule] = field(default_factory=dict)
    purposes: Mapping[Purpose, PurposeRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.remind_before > self.assign_before:
            raise ValueError("remind_before is longer than assign_before: nobody would have the call yet; swap them")
        if self.tick <= timedelta() or self.claim_limit <= timedelta():
            raise ValueError("tick and claim_limit must be longer than 0s")
        waits = [step.after for step in self.ladder]
        if waits != sorted(waits):
            raise ValueError("ladder: its steps must stand in the order of `after`")

    def outcome(self, outcome: Outcome) -> OutcomeRule:
        return self.outcomes.get(outcome) or OUTCOMES[outcome]

    def purpose(self, purpose: Purpose) -> PurposeRule:
        return self.purposes.get(purpose) or PURPOSES.get(purpose) or _USUAL
