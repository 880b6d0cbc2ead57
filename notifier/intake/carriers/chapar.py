"""``kind = "chapar"``: it calls when a consignment changes, and is then asked, for what it posts is not signed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifier.domain.parcels import CarrierReport, code_of
from notifier.intake.carriers.adapter import CarrierOdd, PerParcel, Question, report, said, theirs

_DEEPEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapar(PerParcel):
    """Without ``api_key`` it cannot be asked, and what it posts to the secret address is all there is."""

    usual_names = ("چاپار", "chapar")

    base_url: str
    api_key: str = field(default="", repr=False)

    @property
    def can_ask(self) -> bool:
        return bool(self.api_key)

    @property
    def takes_calls(self) -> bool:
        return True

    def question(self, code: str) -> Question:
        asked = {"order": {"reference": [code], "lang": "fa"}}
        return Question(
            url=f"{self.base_url}/tracking",
            method="POST",
            headers={"APP-AUTH": self.api_key},
            form={"input": json.dumps(asked, separators=(",", ":"))},
        )

    def answer(self, document: Any, code: str) -> Sequence[CarrierReport]:
        if not isinstance(document, Mapping):
            raise CarrierOdd("the answer has not the form of Chapar's")
        found, known = [], False
        for line in _history(document):
            known = True
            whose = line.get("reference") or line.get("tracking") or code
            if (one := self._line(whose, line)) is not None:
                found.append(one)
        if not known and document.get("result") is not False:
            raise CarrierOdd("the answer has no history of a consignment")
        return theirs(found, code)

    def called(self, fields: Mapping[str, Any]) -> Sequence[CarrierReport]:
        whose = next(
            (fields[name] for name in ("code", "reference", "tracking", "consignment_no") if fields.get(name)), None
        )
        if code_of(whose) is None:
            raise CarrierOdd(
                "the callback does not say of which consignment: put ?code= and its number behind the address"
            )
        if (one := self._line(whose, fields)) is None:
            raise CarrierOdd("the callback says no status")
        return [one]

    def _line(self, code: Any, line: Mapping[str, Any]) -> CarrierReport | None:
        note = line.get("status_note") or line.get("comments") or ""
        at = f"{said(line.get('date'))} {said(line.get('time'))}".strip()
        return report(
            code, words=note, word=line.get("status"), at=at, place=line.get("location") or "", zone=self.zone
        )


def _history(document: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The lines of every list called ``history``: where in the answer it lies is written down nowhere."""
    if depth > _DEEPEST:
        return
    if isinstance(document, Mapping):
        for name, value in document.items():
            if name == "history" and isinstance(value, list):
                yield from (line for line in value[:500] if isinstance(line, Mapping))
            else:
                yield from _history(value, depth + 1)
    elif isinstance(document, list):
        for value in document[:50]:
            yield from _history(value, depth + 1)
