"""Keeping what a carrier said and nobody understood: without persons, and to be replayed when it is explained."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from notifier.domain.parcels import CarrierReport, Movement, impersonal
from notifier.errors import Unprocessable
from notifier.intake.carriers.adapter import CarrierAdapter, CarrierOdd
from notifier.intake.carriers.following import ParcelFollower, UnknownWord
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.rejections import Handled, Rejection, RejectionRecorder

log = structlog.get_logger()


def kept_under(carrier: str) -> str:
    """The source that refusals of a carrier are kept under."""
    return f"carrier:{carrier}"


@dataclass(frozen=True, slots=True)
class CarrierRefusals:
    """Notes down what was odd."""

    recorder: RejectionRecorder

    def unknown(self, carrier: CarrierAdapter, words: Sequence[UnknownWord]) -> None:
        """Words that no row explains: taken, with a question."""
        kept = [
            Rejection(
                status=200,
                reason=f"What {(one.report.words or one.report.word)[:80]!r} means is not known; name it in "
                f"[carriers.{carrier.name}.words], then replay.",
                event_id=one.report.code,
                body=msgspec.json.encode({"reports": [_impersonal(one.report)]}),
            )
            for one in words
        ]
        self._record(carrier, kept)

    def odd(self, carrier: CarrierAdapter, trouble: CarrierOdd, code: str = "") -> None:
        """An answer or a callback that is none."""
        body = json.dumps({"about": code, **trouble.kept}, ensure_ascii=False).encode()
        self._record(carrier, [Rejection(status=422, reason=str(trouble), event_id=code, body=body)])

    def _record(self, carrier: CarrierAdapter, kept: Sequence[Rejection]) -> None:
        if kept:
            self.recorder.record(
                Handled(
                    source=kept_under(carrier.name),
                    path=f"/carriers/{carrier.name}",
                    remote=None,
                    headers={},
                    size=None,
                    body=None,
                    signed=True,
                    status=200,
                    rejections=kept,
                )
            )


@dataclass(frozen=True, slots=True)
class CarrierReplays:
    """Replays what was kept, by the words of today."""

    follower: ParcelFollower

    def refusal(self, kept: DeadLetter) -> str:
        """Why a replay would be refused; "" where that is not known."""
        try:
            carrier, reports = self._read(kept)
        except Unprocessable as problem:
            return problem.detail
        strange = next((one for one in reports if carrier.scale.movement(one) is Movement.UNKNOWN), None)
        return f"What {strange.words or strange.word!r} means is not known still." if strange else ""

    async def take(self, kept: DeadLetter) -> bool:
        """Whether it was news. Raises Problem where it is refused still."""
        if reason := self.refusal(kept):
            raise Unprocessable(reason)
        carrier, reports = self._read(kept)
        known, _ = await self.follower.take(carrier, reports)
        return known > 0

    def knows(self, source: str) -> bool:
        """Whether a source is a carrier of ours."""
        return source.removeprefix("carrier:") in self.follower.carriers and source.startswith("carrier:")

    def _read(self, kept: DeadLetter) -> tuple[CarrierAdapter, Sequence[CarrierReport]]:
        carrier = self.follower.carriers.get(kept.source.removeprefix("carrier:"))
        if carrier is None:
            raise Unprocessable(f"There is no {kept.source!r} any more.")
        try:
            reports = msgspec.json.decode(kept.body, type=dict[str, list[CarrierReport]]).get("reports")
        except (msgspec.DecodeError, UnicodeEncodeError):
            reports = None
        if not reports:
            raise Unprocessable("It holds no report of a parcel: the carrier is asked again by itself.")
        return carrier, reports


def _impersonal(report: CarrierReport) -> Mapping[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(report)
    return found | {name: impersonal(found[name]) for name in ("words", "place") if name in found}
