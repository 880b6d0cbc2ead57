"""``kind = "http"``: a carrier that the configuration describes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from notifier.domain.parcels import CarrierReport, code_of
from notifier.intake.carriers.adapter import CarrierOdd, PerParcel, Question, report, rows, said, theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedCarrier(PerParcel):
    """``steps`` finds the lines of a way, the others stand in each; ``code`` in the line or the whole."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    steps: ParsedResult | None = None
    code: ParsedResult
    word: ParsedResult
    time: ParsedResult | None = None
    place: ParsedResult | None = None
    calls: bool = False

    @property
    def can_ask(self) -> bool:
        return bool(self.url)

    @property
    def takes_calls(self) -> bool:
        return self.calls

    def question(self, code: str) -> Question:
        return Question(url=self.url.replace("{code}", quote(code, safe="")), method=self.method, headers=self.headers)

    def answer(self, document: Any, code: str) -> Sequence[CarrierReport]:
        return theirs(self._reports(document), code)

    def called(self, fields: Mapping[str, Any]) -> Sequence[CarrierReport]:
        return self._reports(fields)

    def _reports(self, document: Any) -> list[CarrierReport]:
        lines = [document] if self.steps is None else rows(_found(self.steps, document), "steps")
        found = []
        for line in lines:
            whose = code_of(_found(self.code, line)) or code_of(_found(self.code, document))
            if whose is None:
                raise CarrierOdd(f"no code of a parcel is found by {self.code.expression!r}")
            word = said(_found(self.word, line))
            if not word:
                raise CarrierOdd(f"no word is found by {self.word.expression!r}")
            at = _found(self.time, line) if self.time else None
            place = _found(self.place, line) if self.place else ""
            if (one := report(whose, words=word, at=at, place=place, zone=self.zone)) is not None:
                found.append(one)
        return found


def _found(expression: ParsedResult, document: Any) -> Any:
    try:
        return expression.search(document)
    except JMESPathError:
        return None
