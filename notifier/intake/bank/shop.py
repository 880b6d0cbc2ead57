"""A source of kind ``bank``: texts of banks, forwarded from the shop's phone, or lines that an aggregator posts.

A phone may forward all it gets. What is no text of a bank, and any text with a code or a password, is answered and kept
nowhere: not as a line, not among what was refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jmespath.exceptions import JMESPathError

from notifier.domain import canonical, phones
from notifier.domain.bank import BankMovement, BankRail, ReadLine
from notifier.domain.money import MoneyError
from notifier.errors import Problem, Unprocessable
from notifier.incoming import documents
from notifier.intake.adapter import AnswerAlone, FoundLine, Proof, Received, ShopAdapter
from notifier.intake.bank import reading
from notifier.intake.bank.reading import UnreadText
from notifier.intake.bank.rules import BankRules, sender_key
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.mapping import values
from notifier.intake.mapping.signature import Scheme
from notifier.store.bank import GivenLine
from notifier.store.records import ms

_LARGEST = 64 * 1024  # bytes
_AHEAD, _OLDEST = timedelta(minutes=10), timedelta(days=180)
_IN = frozenset({"in", "credit", "deposit", "varizi", "واریز", "بستانکار"})
_OUT = frozenset({"out", "debit", "withdraw", "withdrawal", "برداشت", "بدهکار"})


@dataclass(frozen=True, slots=True)
class BankFeed(ShopAdapter):
    """A phone, or an aggregator."""

    an_id = "webhook-id"
    no_batch = "Banks' texts come one by one: there is no batch here. Post each to /webhooks/… itself."

    scheme: Scheme
    rules: BankRules

    @property
    def max_body(self) -> int | None:
        return _LARGEST

    def verify(self, received: Received) -> Proof:
        received.require_json()
        return Proof(self.scheme.verify(received.headers, received.body, now=received.at))

    def read(self, received: Received, proof: Proof) -> FoundLine | AnswerAlone:
        return self._read(received.body, received.headers, received.at)

    def replay(self, kept: DeadLetter) -> FoundLine:
        found = self._read(kept.body.encode(), kept.headers, kept.at)
        if isinstance(found, AnswerAlone):
            raise found.refusal or Unprocessable(str(found.document.get("detail", "It is nothing to keep.")))
        return found

    def keeps(self, body: bytes) -> bool:
        """Only what is a bank's and holds no code."""
        if len(body) > _LARGEST or reading.may_hold_secret(body):
            return False
        try:
            document = documents.read(body)
            sender = values.text(self._find(document, {}, "sender"), longest=200)
        except (Problem, ValueError):
            return False
        return self.rules.is_described or (sender is not None and self.rules.bank(sender) is not None)

    def _read(self, body: bytes, headers: Mapping[str, str], at: datetime) -> FoundLine | AnswerAlone:
        document = documents.read(body)
        if not isinstance(document, dict):
            raise Unprocessable('The body is a JSON object: {"sender": "…", "text": "…", "received_at": "…"}.')
        if reading.may_hold_secret(body):
            return _ignored("code", "A text with a code or a password is not taken, and not kept.")
        errors: list[dict[str, Any]] = []

        def value(name: str, longest: int) -> str | None:
            try:
                return values.text(self._find(document, headers, name), longest=longest)
            except ValueError as error:
                errors.append({"loc": [name], "msg": str(error)})
                return None

        sender, text = value("sender", 200), value("text", reading.LONGEST)
        moment = self._moment(document, headers, at, errors)
        if self.rules.is_described:
            said = self._described(document, headers, errors)
            _require(errors)
            assert said is not None
            return FoundLine(GivenLine(said=said, at=moment, text=(text or "")[: reading.LONGEST]))
        for name, found in (("sender", sender), ("text", text)):
            if found is None and not any(one["loc"] == [name] for one in errors):
                errors.append({"loc": [name], "msg": "is needed"})
        _require(errors)
        assert sender is not None
        assert text is not None
        if reading.is_secret(text):
            return _ignored("code", "A text with a code or a password is not taken, and not kept.")
        bank = self.rules.bank(sender)
        if bank is None:
            where = f"[sources.{self.name}] senders"
            return _ignored("sender", f"Texts of {_masked(sender)} are not taken, and not kept: name it in {where}.")
        try:
            said = reading.read(text, bank=bank, toman=self._is_toman(sender))
        except UnreadText as error:
            problem = Unprocessable(f"The text is kept and not read: {error}.")
            return AnswerAlone(document={"understood": False, "detail": problem.detail}, refusal=problem)
        return FoundLine(GivenLine(said=said, at=moment, text=text))

    def _is_toman(self, sender: str) -> bool:
        return sender_key(sender) in self.rules.toman_senders

    def _find(self, document: Any, headers: Mapping[str, str], name: str) -> Any:
        lookup = self.rules.fields.get(name)
        if lookup is None:
            return None
        try:
            return lookup.find(document, headers)
        except JMESPathError as error:
            raise ValueError(f"{lookup.text!r} does not suit it: {error}") from None

    def _moment(self, document: Any, headers: Mapping[str, str], at: datetime, errors: list[dict[str, Any]]) -> int:
        """When it came to the phone, which a clock that is ahead does not move beyond now."""
        try:
            found = values.time(self._find(document, headers, "received_at"), self.rules.zone)
        except ValueError as error:
            errors.append({"loc": ["received_at"], "msg": str(error)})
            return ms(at)
        if found is None:
            return ms(at)
        try:
            apart = at - found
        except OverflowError:
            apart = timedelta.max
        if apart > _OLDEST:
            errors.append({"loc": ["received_at"], "msg": f"is more than {_OLDEST.days} days ago"})
        elif apart < -_AHEAD - timedelta(days=1):
            errors.append({"loc": ["received_at"], "msg": "lies in the future; look at the phone's clock"})
        return min(ms(found), ms(at)) if not errors else ms(at)

    def _described(self, document: Any, headers: Mapping[str, str], errors: list[dict[str, Any]]) -> ReadLine | None:
        found: dict[str, Any] = {}
        for name in ("amount", "balance"):
            try:
                found[name] = values.rial(self._find(document, headers, name), self.rules.currency)
            except (ValueError, MoneyError) as error:
                errors.append({"loc": [name], "msg": str(error)})
        for name in ("account", "reference", "payment_id", "direction", "rail"):
            try:
                given = values.text(self._find(document, headers, name), longest=canonical.LONGEST_IDENTIFIER)
                found[name] = canonical.identifier(given) if given else ""
            except ValueError as error:
                errors.append({"loc": [name], "msg": str(error)})
        if not found.get("amount") and not any(one["loc"] == ["amount"] for one in errors):
            errors.append({"loc": ["amount"], "msg": "is needed, and more than nothing"})
        direction = found.get("direction", "").lower()
        movement = BankMovement.OUT if direction in _OUT else BankMovement.IN
        if direction and direction not in _IN | _OUT:
            errors.append({"loc": ["direction"], "msg": f"{direction[:40]!r} says neither in nor out"})
        if errors:
            return None
        rail = found["rail"].lower()
        return ReadLine(
            movement=movement,
            amount=found["amount"],
            balance=found["balance"],
            account=found["account"],
            reference=found["reference"],
            payment_id=found["payment_id"],
            rail=BankRail(rail) if rail in set(BankRail) else BankRail.UNKNOWN,
        )


def _require(errors: list[dict[str, Any]]) -> None:
    if errors:
        raise Unprocessable("The body is not understood; see errors.", errors=errors)


def _ignored(what: str, detail: str) -> AnswerAlone:
    return AnswerAlone(document={"understood": False, "ignored": what, "detail": detail})


def _masked(sender: str) -> str:
    digits = "".join(char for char in sender if char.isdigit())
    return phones.mask(digits) if len(digits) >= 10 else repr(sender[:20])
