"""What is said of attempts through the exchange, and the outcome that the latest of them speaks for."""

from dataclasses import dataclass

from notifier.console import labels
from notifier.console.dial_faults import DialFault, explained
from notifier.domain import dialing, persian
from notifier.domain.calls import Call
from notifier.domain.dialing import DialAttempt, DialFinding
from scheduler.rules import Outcome

_ENDS = frozenset({*Outcome, "snoozed"})


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """An attempt in words. ``is_live``: something of it is still to come; ``fault``: why it came to nothing."""

    attempt: DialAttempt
    said: str
    is_live: bool
    fault: DialFault


@dataclass(frozen=True, slots=True)
class ProposedOutcome:
    """What the exchange found, and the outcome it speaks for; "" where whoever called has to say."""

    said: str
    outcome: str
    fault: DialFault

    @property
    def label(self) -> str:
        return labels.OUTCOMES.get(self.outcome, self.outcome)


def shown(call: Call, now: int) -> list[ShownAttempt]:
    """The attempts, newest first; ``now`` is unix ms."""
    return [_shown(one, now) for one in reversed(call.dials)]


def _shown(attempt: DialAttempt, now: int) -> ShownAttempt:
    is_live = attempt.is_under_way(now)
    return ShownAttempt(attempt, _said(attempt, now), is_live, DialFault() if is_live else explained(attempt.fault))


def proposal(call: Call, now: int) -> ProposedOutcome | None:
    """What the latest attempt came to, unless somebody has reported an outcome since."""
    if not call.dials or not call.is_open:
        return None
    last = call.dials[-1]
    if last.found is None and not last.is_over:
        return None
    if any(line.at >= last.started and line.what in _ENDS for line in call.history):
        return None
    said = _said(last, now)
    if last.is_doubtful:
        said += "؛ شاید پیام‌گیر بوده است، نتیجه را خودتان انتخاب کنید"
    outcome = dialing.proposed(call.dials)
    if outcome == Outcome.WRONG_NUMBER:
        said += "، این بار هم؛ شاید شماره اشتباه است"
    return ProposedOutcome(said, outcome, explained(last.fault))


def talked(seconds: int) -> str:
    """«۲ دقیقه و ۵ ثانیه»."""
    minutes, rest = divmod(seconds, 60)
    parts = [f"{persian.digits(minutes)} دقیقه"] if minutes else []
    parts += [f"{persian.digits(rest)} ثانیه"] if rest or not minutes else []
    return " و ".join(parts)


def finding(found: str, seconds: int | None) -> str:
    """What became of an attempt, with how long was talked."""
    said = labels.DIAL_FINDINGS.get(found, "تماس با مرکز تلفن پایان یافت")
    return f"{said}، {talked(seconds)} گفتگو" if seconds and found == DialFinding.CONNECTED else said


def _said(attempt: DialAttempt, now: int) -> str:
    if attempt.is_over or not attempt.is_under_way(now):
        return finding(attempt.found or ("" if attempt.ended else DialFinding.UNKNOWN), attempt.seconds)
    if attempt.answered:
        return "در حال گفتگو"
    if attempt.rang:
        return "تلفن مشتری زنگ می‌خورد"
    if attempt.agent_answered:
        return "مشتری گرفته می‌شود"
    return "گوشی داخلی زنگ می‌خورد"
