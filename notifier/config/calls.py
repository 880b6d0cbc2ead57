"""``[calls]`` and ``[calendar]``: how and when customers are phoned."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from notifier.config.section import Section, TimeOfDay
from notifier.domain.calls import Purpose
from notifier.durations import Duration
from scheduler.rules import LADDER, OUTCOMES, PURPOSES, Consequence, Outcome, OutcomeRule, PurposeRule, Rules, Step, To

if TYPE_CHECKING:
    from scheduler.calendar import Calendar


class OutcomeConfig(Section):
    retry: Duration | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 1
    then: Consequence = Consequence.DONE


class PurposeConfig(Section):
    priority: Annotated[int, Field(ge=0, le=9)] = 1
    within: Duration = timedelta(hours=4)


class StepConfig(Section):
    after: Duration
    to: To


class CallsConfig(Section):
    """What is named of ``outcomes`` and ``purposes`` replaces what is usual (see scheduler/rules.py)."""

    tick: Duration = timedelta(seconds=1)
    assign_before: Duration = timedelta(hours=12)
    remind_before: Duration = timedelta(minutes=15)
    gather: Duration = timedelta(minutes=5)
    claim_limit: Duration = timedelta(minutes=20)
    aging: Duration = timedelta(hours=1)
    summary_at: TimeOfDay | None = time(17, 30)
    despite_refusal: list[Purpose] = [Purpose.VERIFY_DEPOSIT]
    ladder: list[StepConfig] = [StepConfig.model_construct(after=step.after, to=step.to) for step in LADDER]
    outcomes: dict[Outcome, OutcomeConfig] = {}
    purposes: dict[Purpose, PurposeConfig] = {}

    @model_validator(mode="after")
    def _in_order(self) -> "CallsConfig":
        if self.remind_before > self.assign_before:
            raise ValueError("remind_before is longer than assign_before: nobody would have the call yet; swap them")
        if self.tick <= timedelta() or self.claim_limit <= timedelta():
            raise ValueError("tick and claim_limit must be longer than 0s")
        waits = [step.after for step in self.ladder]
        if waits != sorted(waits):
            raise ValueError("ladder: its steps must stand in the order of `after`")
        return self

    def rules(self) -> Rules:
        return Rules(
            assign_before=self.assign_before,
            remind_before=self.remind_before,
            gather=self.gather,
            claim_limit=self.claim_limit,
            aging=self.aging,
            outcomes={
                **OUTCOMES,
                **{name: OutcomeRule(**rule.model_dump()) for name, rule in self.outcomes.items()},
            },
            purposes={
                **PURPOSES,
                **{name: PurposeRule(**rule.model_dump()) for name, rule in self.purposes.items()},
            },
            ladder=tuple(Step(after=step.after, to=step.to) for step in self.ladder),
            despite_refusal=frozenset(self.despite_refusal),
        )


class CalendarConfig(Section):
    """When customers are phoned. Weekdays by their English names; a missing day is a day off."""

    hours: dict[Literal["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"], list[str]] = {}
    official_holidays: bool = True
    closed: list[date] = []
    open: list[date] = []

    def calendar(self, zone: ZoneInfo) -> "Calendar":
        """When somebody is at work in that zone. Raises ValueError with a sentence."""
        from scheduler import holidays  # takes long, and few commands ask
        from scheduler.calendar import Calendar

        return Calendar.of(
            {day: list(shifts) for day, shifts in self.hours.items()},
            holidays=holidays.official if self.official_holidays else lambda day: None,
            closed=self.closed,
            opened=self.open,
            zone=zone,
            today=datetime.now(zone).date(),
        )
