"""Customers whom an essential text did not reach: somebody phones them and reads it out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.clock import Clock
from notifier.domain.calls import CallRequest, Purpose
from notifier.domain.decide import derived_id
from notifier.domain.ladder import Descent
from notifier.domain.messages import Audience, Message, MessageState
from notifier.domain.policy import Rulebook
from notifier.domain.retelling import as_it_is, holds
from notifier.errors import StoreError
from notifier.sms import ladder_told
from notifier.sms.ladders import Ladders
from notifier.store.keys import Keys
from notifier.store.reading import Reader

PlanCall = Callable[[Keys, CallRequest], Awaitable[None]]
"""Puts a call into the call book; a call that is there already stays as it is."""

ENDS_UNREACHED = frozenset({MessageState.UNDELIVERED, MessageState.BLOCKED, MessageState.FAILED, MessageState.EXPIRED})


@dataclass(frozen=True, slots=True)
class CallFallback:
    """To be told of a message's end before it is written down: told twice, the call is planned once."""

    reader: Reader
    clock: Clock
    working_time: Callable[[datetime], datetime]
    plan_call: PlanCall
    ladders: Ladders
    rules: Callable[[], Rulebook] | None = None

    async def ends(self, keys: Keys, message: Message, state: MessageState, tried: Sequence[Descent] = ()) -> None:
        """The message is about to end like this; if that leaves its customer uninformed, they are to be called.
        ``tried`` are the rungs that have not reached them."""
        if state in ENDS_UNREACHED:
            await self.call(keys, message, tried)

    async def has_moved(self, message: Message) -> bool:
        """Whether its order has another phone by now, to which it has not been turned yet."""
        if message.order_id is None or message.source is None or not message.order_v or self.rules is None:
            return False
        try:
            order = await self.reader.order(message.source, message.order_id)
        except StoreError:
            return False
        return order is not None and as_it_is(message, order, self.rules(), self.clock.now()).to != message.to

    async def call(self, keys: Keys, message: Message, tried: Sequence[Descent]) -> None:
        """Have the customer called whom no line has reached, where the message is worth that."""
        if not message.essential or message.audience is not Audience.CUSTOMER or not self.ladders.has_call(message):
            return
        if message.order_id is None or message.source is None:
            return
        now = self.clock.now()
        try:
            order = await self.reader.order(message.source, message.order_id)
        except StoreError:  # the name is dispensable
            order = None
        if order is not None and self.rules is not None and not holds(message, order, self.rules()):
            return  # there is nothing left to read out
        await self.plan_call(
            keys,
            CallRequest(
                id=derived_id("undelivered", message.id),
                purpose=Purpose.UNDELIVERED_SMS,
                order_id=message.order_id,
                source=message.source,
                phone=message.to,
                name=order.details.name if order else None,
                due_at=self.working_time(now),
                created_at=now,
                brief=message.text,
                tried=tuple(ladder_told.sentence(one) for one in tried),
            ),
        )
