"""``kind = "bank"`` of ``[sources.NAME]``, and ``[deposits]``: what comes into the account, and what is made of it."""

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from notifier.config.mapping import Expression, HmacSignature, StandardSignature, TokenSignature
from notifier.config.names import SourceName
from notifier.config.section import Section
from notifier.config.sources import SourceSection
from notifier.intake.bank.rules import BankRules, sender_key
from notifier.intake.mapping.rules import Lookup
from notifier.intake.mapping.signature import Scheme, StandardScheme


class DepositsConfig(Section):
    """``automatic``: whether a line beyond doubt confirms its deposit by itself. ``unique_sums``: whether orders that
    are paid by transfer get sums of their own."""

    automatic: Literal["off", "exact"] = "off"
    unique_sums: bool = False

    @property
    def is_automatic(self) -> bool:
        return self.automatic == "exact"


class LineFields(Section):
    """Where in a body each thing stands; with ``amount`` it needs no text."""

    sender: Expression = "sender"
    text: Expression = "text"
    received_at: Expression = "received_at"
    amount: Expression | None = None
    balance: Expression | None = None
    account: Expression | None = None
    reference: Expression | None = None
    payment_id: Expression | None = None
    direction: Expression | None = None
    rail: Expression | None = None


class BankSource(SourceSection):
    """An account, by the texts of its bank or by an aggregator's webhooks."""

    kind: Literal["bank"]
    tolerance: timedelta = timedelta(minutes=5)
    signature: Annotated[StandardSignature | HmacSignature | TokenSignature | None, Field(discriminator="scheme")] = (
        None
    )
    senders: dict[str, str] = {}
    toman_senders: list[str] = []
    shops: list[SourceName] = []
    currency: Literal["IRR", "IRT"] = "IRR"
    fields: LineFields = LineFields.usual()

    @property
    def signs_standard(self) -> bool:
        return self.signature is None or self.signature.scheme == "standard"

    def scheme(self) -> Scheme:
        """Raises MissingSecretError."""
        return self.signature.of(self.secrets()) if self.signature else StandardScheme(self.secrets(), self.tolerance)

    def rules(self, zone: ZoneInfo) -> BankRules:
        return BankRules(
            senders={sender_key(sender): bank for sender, bank in self.senders.items()},
            toman_senders=frozenset(sender_key(sender) for sender in self.toman_senders),
            fields={name: Lookup(text) for name, text in self.fields.model_dump(exclude_none=True).items()},
            currency=self.currency,
            zone=zone,
        )
