"""What every provider answers, in words that belong to none of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from notifier.domain.channels import Channel
from notifier.errors import NotifierError

MAX_BATCH = 200
"""How many messages one ``send`` takes."""

MAX_ID = 2**63 - 1

MOST_CALLS = 2
"""How often a message is read out to one person over the telephone."""


class Failure(StrEnum):
    """What a failure means for the message: the only thing the sender has to know."""

    RETRY = "retry"  # known not sent, or safe to repeat: again, with back-off
    REFUSED = "refused"  # this message never; the others are not touched
    ELSEWHERE = "elsewhere"  # nothing was sent, for nobody is reached there by this number: another channel may
    ACCOUNT = "account"  # nothing will leave by this account for now: pause it and alert, keep the messages
    UNKNOWN = "unknown"  # may have been sent: find out, do not repeat


class DeliveryStatus(StrEnum):
    """How far an accepted message has come."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN_ID = "unknown_id"  # the provider does not know the id, or no longer


FINAL = frozenset(
    {
        DeliveryStatus.DELIVERED,
        DeliveryStatus.UNDELIVERED,
        DeliveryStatus.BLOCKED,
        DeliveryStatus.CANCELLED,
        DeliveryStatus.FAILED,
    }
)


class Outgoing(Struct, frozen=True, kw_only=True):
    """A message as a provider gets it: a text, or the tokens of a pattern the provider has approved."""

    id: int
    to: str
    text: str
    sender: str | None = None
    pattern: str | None = None
    tokens: Mapping[str, str] | None = None
    calls: int = 0  # that this provider took for the message before: a new one is not the repetition of those

    def __post_init__(self) -> None:
        if not 0 < self.id <= MAX_ID:
            raise ValueError(f"A message id must be a positive int64, not {self.id}")


class Accepted(Struct, frozen=True, kw_only=True):
    """The provider took the message, which need not be good news: ``status`` may already be a final failure."""

    provider_id: str
    cost: int  # rial
    status: DeliveryStatus
    reported: bool = True  # False: nobody will ever say whether it arrived


class Failed(Struct, frozen=True, kw_only=True):
    """The provider did not take the message, or nobody knows."""

    failure: Failure
    code: int | None = None
    reason: str
    retry_after: float | None = None  # seconds for which the line is to be left alone
    maybe_sent: bool = False  # it may be out already, so that no other provider may have it
    no_credit: bool = False  # the account has nothing left


Result = Accepted | Failed

REMEMBERED = timedelta(hours=48)
"""How long a provider can be asked about a message."""


class ProviderError(NotifierError):
    """A call to a provider failed. ``send`` and ``lookup`` tell it as ``Failed``; the questions raise it."""

    def failed(self, *, repeatable: bool = True) -> Failed:
        """What it means for a message; ``repeatable`` says whether the same call twice still sends once."""
        return Failed(failure=Failure.RETRY if repeatable else Failure.UNKNOWN, reason=str(self))


class CreditUntold(ProviderError):
    """The provider has no way to be asked for what is left: that says nothing about it."""


class Provider(Protocol):
    """An account at a provider of texts or calls."""

    name: str
    channel: Channel = Channel.SMS
    price: int | None = None
    """Rial a message, where it does not go by the table of SMS prices."""
    kind: str
    """What its patterns are kept under in a template."""
    repeatable: bool
    """Whether ``send`` with an id it has seen sends nothing more: only then may a doubt be met by sending again.

    Where it is False, a message that may have been sent is ``UNKNOWN``, and one whose sender died is not sent anew.
    """

    async def send(self, messages: Sequence[Outgoing]) -> list[Result]:
        """Send 1 to ``MAX_BATCH`` plain texts, results in their order. No failure of provider or network raises."""

    async def lookup(self, message: Outgoing) -> Result:
        """Send an approved pattern. It cannot be repeated safely: what may have been sent is ``UNKNOWN``."""

    async def statuses(self, provider_ids: Sequence[str]) -> Mapping[str, DeliveryStatus]:
        """How far these messages have come; what the provider says nothing about is left out."""

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        """How far messages are, by our ids: (provider id, status); one that never arrived is ``("", UNKNOWN_ID)``.

        A provider that cannot be asked by our ids answers with nothing, which says nothing about any message.
        """

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        """What was sent to a number between two moments: (provider id, status); [] where that cannot be known."""

    async def credit(self) -> int:
        """What is left in the account, in rial; raises ProviderError where that cannot be known, CreditUntold
        where it never can."""

    async def close(self) -> None:
        """Let go of the connections."""
