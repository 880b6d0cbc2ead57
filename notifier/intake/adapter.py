"""What a kind of shop is to the rest: an adapter between the requests that it posts and the deliveries in them.

Adapters are pure: they look at headers and bytes and say what these are, or raise the Problem for which they refuse
them. Requests are read and answered in ``notifier.web.webhooks``, deliveries are committed in ``submitting.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from notifier.errors import Conflict, NotFound, Problem, WrongContentType
from notifier.intake import answers
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.delivery import Clashing, Delivery, Outcome, Recorded, Repeated, Unchanged
from notifier.store.bank import GivenLine


class Received(Struct, frozen=True, kw_only=True):
    """A request that came at ``at``. Its headers are found in any case, those of a kept one in small letters alone."""

    headers: Mapping[str, str]
    content_type: str
    body: bytes
    at: datetime

    @classmethod
    def again(cls, kept: DeadLetter) -> "Received":
        """A kept delivery as it was received."""
        given = kept.headers.get("content-type", "application/json")
        content_type = given.partition(";")[0].strip().lower()
        return cls(headers=kept.headers, content_type=content_type, body=kept.body.encode(), at=kept.at)

    def require_json(self) -> None:
        """Raises WrongContentType."""
        if self.content_type != "application/json":
            raise WrongContentType(f"Post application/json, not {self.content_type}.")


class Proof(Struct, frozen=True):
    """Who sent a request. ``event_id`` is the id it is signed with, if any; not ``signed`` is what nobody need sign."""

    event_id: str | None = None
    signed: bool = True


class Found(Struct, frozen=True):
    """A delivery in a request. ``question`` says what in it nobody has explained to us; it is taken nevertheless."""

    delivery: Delivery
    question: str = ""


class FoundLine(Struct, frozen=True):
    """A line of a bank account in a request."""

    line: GivenLine


class AnswerAlone(Struct, frozen=True, kw_only=True):
    """Nothing to commit: it is answered 200 with ``document``. ``refusal`` says why it was not understood, ``alert`` of
    what to tell supervisors, and in which words."""

    document: dict[str, Any]
    refusal: Problem | None = None
    alert: tuple[str, str] | None = None


class Part(Struct, frozen=True):
    """One event of a batch: its id, itself as it came, and the delivery in it, or why there is none."""

    event_id: str
    body: bytes
    found: Delivery | Problem


class Answer(Struct, frozen=True):
    """What is said to a delivery that was taken, and whether anything in it was news."""

    status: int
    body: bytes
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class ShopAdapter(ABC):
    """A shop of some kind, by its name in the configuration."""

    name: str

    taken: ClassVar[int] = 202
    """The status of an answer to news."""
    unchanged: ClassVar[int] = 202
    """The status of an answer to what holds no news."""
    an_id: ClassVar[str] = "The id"
    """What the shop calls the id of a delivery."""
    no_batch: ClassVar[str] = ""
    """Why it posts no batches; empty where it does."""

    @property
    def max_body(self) -> int | None:
        """The bytes of a body; None for as many as is usual."""
        return None

    @property
    def kept_headers(self) -> tuple[str, ...]:
        """Further headers, in small letters, that a delivery cannot be read without."""
        return ()

    @abstractmethod
    def verify(self, received: Received) -> Proof:
        """Who sent it. Raises Problem where that is not this shop."""

    @abstractmethod
    def read(self, received: Received, proof: Proof) -> Found | FoundLine | AnswerAlone:
        """What is in it. Raises Problem."""

    def read_batch(self, received: Received, proof: Proof) -> Iterable[Part]:
        """The events in it, each read when it is asked for. Raises Problem where it holds none."""
        raise NotFound(self.no_batch)

    @abstractmethod
    def replay(self, kept: DeadLetter) -> Found | FoundLine | Iterable[Part]:
        """What is in a kept delivery by the rules of today, whatever its signature and age. Raises Problem."""

    def keeps(self, body: bytes) -> bool:
        """Whether a body that was refused may be kept, whoever sent it."""
        return True

    def unnamed(self, status: str) -> str:
        """The question that a status asks which nobody has named; it sends nothing."""
        return f"The status {status!r} is not known: name it in [sources.{self.name}.statuses], then replay."

    def answer(self, delivery: Delivery, outcome: Outcome) -> Answer | Conflict:
        """What the shop is told of a delivery."""
        match outcome:
            case Recorded(answer=body):
                return Answer(self.taken, body, is_news=True)
            case Repeated(answer=body):
                return Answer(200, body)
            case Unchanged(order=order):
                return Answer(self.unchanged, answers.unchanged(delivery.event_id, delivery.order_id, order))
            case Clashing():
                name = f"{self.an_id} {delivery.event_id}"
                return Conflict(f"{name} came before with another body; give each event an id of its own.")
