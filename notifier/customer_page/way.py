"""The way of a parcel in words for whom it is coming to, the newest step first. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.clock import TEHRAN
from notifier.domain import jalali, naming, persian
from notifier.domain.parcels import Movement, Step, Trail, code_of

_MOST = 12  # steps shown

_SAID: Mapping[Movement, str] = {
    Movement.REGISTERED: "برای سپردن به شرکت حمل آماده شد",
    Movement.ACCEPTED: "به شرکت حمل سپرده شد",
    Movement.IN_TRANSIT: "در راه است",
    Movement.OUT_FOR_DELIVERY: "در دست پیک است",
    Movement.DELIVERED: "تحویل داده شد",
    Movement.ATTEMPT_FAILED: "پیک آمد و تحویل انجام نشد",
    Movement.RETURNING: "به فروشگاه برمی‌گردد",
    Movement.RETURNED: "به فروشگاه برگشت",
    Movement.LOST: "پشتیبانی آن را پیگیری می‌کند",
    Movement.CANCELLED: "ارسال آن لغو شد",
}


@dataclass(frozen=True, slots=True)
class WayStep:
    """What happened, where as the carrier wrote it, and when."""

    said: str
    place: str
    at: str


def way_of(code: str, trails: Mapping[str, Trail]) -> Sequence[WayStep]:
    """The way of the parcel with this code; nothing where its carrier told nothing."""
    trail = trails.get(code_of(code) or "")
    return [_shown(step) for step in reversed(trail.steps[-_MOST:])] if trail else []


def _shown(step: Step) -> WayStep:
    at = datetime.fromtimestamp(step.at / 1000, TEHRAN)
    # What nobody has explained is shown as it was said, as the carrier's own words.
    said = _SAID.get(step.movement) or f"«{persian.tidy(naming.harmless(step.words))}»"
    place = persian.tidy(naming.harmless(step.place))
    return WayStep(said, place, f"{jalali.weekday_date(at)}، ساعت {jalali.time_of(at)}")
