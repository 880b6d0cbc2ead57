"""Every counter there can be, at zero from the start: a monitor sees the first of a thing only as a step from zero."""

from collections.abc import Iterable, Iterator

from notifier.channels.told import TellingOutcome
from notifier.config import Config, accounts
from notifier.config.providers import KavenegarConfig, SmsIrConfig
from notifier.domain.channels import StaffChannel
from notifier.domain.ladder import Unreached
from notifier.domain.messages import TRANSITIONS, MessageState
from notifier.domain.replies import Wish
from notifier.domain.text_answers import MARKS
from notifier.observability import counters
from notifier.sms.providers import codes, smsir_codes
from notifier.sms.providers.base import Failure
from notifier.sms.verdicts import STATES

ANSWERS = (200, 202, 400, 401, 408, 409, 413, 415, 422, 429, 500, 503)
"""What a delivery may be answered with."""

CARRIER_OUTCOMES = ("taken", "unknown", "odd", "failed", "stalled")
"""What a carrier's answer may come to."""

_ENDPOINT_ANSWERS = (200, 201, 202, 204, 400, 401, 403, 404, 408, 410, 422, 429, 500, 502, 503, 504)


def begin(config: Config, templates: Iterable[str]) -> None:
    """Have all that this configuration may count exist; what was counted before stays as it is."""
    lines, texts = accounts.names(config), sorted(templates)
    counters.WEBHOOKS.labels("", 404)
    for source in config.sources:
        counters.CAUGHT_UP.labels(source)
        for status in ANSWERS:
            counters.WEBHOOKS.labels(source, status)
    for meaning in Wish:
        counters.REPLIES.labels(meaning)
    for mark in MARKS:
        counters.MARKS.labels(mark)
    for carrier in config.carriers:
        for outcome in CARRIER_OUTCOMES:
            counters.CARRIER_ANSWERS.labels(carrier, outcome)
    for line in lines:
        counters.COST.labels(line)
        for why in Unreached:
            counters.DESCENDED.labels(line, why)
        for state in sorted({*STATES.values(), MessageState.FAILED}):
            counters.REPORTED.labels(state, line)
        for outcome, code in _attempts(config, line):
            counters.ATTEMPTS.labels(line, outcome, code)
        for state in sorted(TRANSITIONS[MessageState.SENDING]):
            for text in texts:
                counters.SETTLED.labels(state, text, line)
    push = (StaffChannel.PUSH,) if config.console.push is not None else ()
    for channel in (StaffChannel.SMS, *config.staff.channels.bots, *push):
        for outcome in TellingOutcome:
            counters.STAFF_TOLD.labels(channel, outcome)
    for endpoint in config.webhooks:
        counters.DROPPED.labels(endpoint)
        for status in _ENDPOINT_ANSWERS:
            counters.POSTED.labels(endpoint, status)


def _attempts(config: Config, line: str) -> Iterator[tuple[str, int | str]]:
    """What a try may come to: an outcome, and the code that the provider may give with it."""
    yield "accepted", ""
    yield from ((failure, "") for failure in Failure)
    match accounts.settings(config, line):
        case KavenegarConfig():
            for code in codes.CODES.values():
                yield code.failure, code.number
                if code.not_repeatable:
                    yield code.not_repeatable, code.number
        case SmsIrConfig():
            yield from ((one.failure, number) for number, one in smsir_codes.CODES.items())
