"""The simulated account: everything it holds, usable with or without HTTP in front of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from notifier.clock import Clock
from notifier.simulator import phones, text
from notifier.simulator.bale import SimulatedBale, SimulatedBaleMessage
from notifier.simulator.bots import SimulatedBotMessage, SimulatedBots
from notifier.simulator.callbacks import Callbacks, Verb
from notifier.simulator.codes import SimulatedStatus
from notifier.simulator.exchange import SimulatedExchange
from notifier.simulator.faults import Faults
from notifier.simulator.inbox import SimulatedInbox
from notifier.simulator.outbox import SimulatedOutbox
from notifier.simulator.records import (
    CALL_STATUSES,
    AccountRules,
    Blocked,
    CallOutcome,
    Draft,
    Ripening,
    SimulatedInbound,
    SimulatedMessage,
)

DEFAULT_SENDER = "10004346"
_RIPENING = Ripening()
_RULES = AccountRules()


class Simulator:
    """A Kavenegar account in memory.

    ``blocked`` and ``undeliverable`` hold numbers in the local ``09…`` form and decide about messages accepted from
    then on, ``call_outcomes`` about calls to a number. ``on_message`` is called with each accepted message,
    ``on_bale`` with each of Bale's, ``on_bot`` with each that a bot writes in a chat. ``templates`` are lookup's
    patterns by name.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        api_key: str = "simulator",
        credit: int = 10_000_000,
        callback_url: str | None = None,
        inbound_callback_url: str | None = None,
        callback_verb: Verb = "POST",
        ripen_after: Ripening = _RIPENING,
        default_sender: str = DEFAULT_SENDER,
        templates: Mapping[str, str] | None = None,
        blocked: Iterable[str] = (),
        undeliverable: Iterable[str] = (),
        call_outcomes: Mapping[str, CallOutcome] | None = None,
        http_mirror: bool = True,
        rules: AccountRules = _RULES,
        seed: int = 0,
        on_message: Callable[[SimulatedMessage], None] | None = None,
        on_bale: Callable[[SimulatedBaleMessage], None] | None = None,
        on_bot: Callable[[SimulatedBotMessage], None] | None = None,
    ) -> None:
        self.clock = clock
        self.api_key = api_key
        self.callback_url = callback_url
        self.inbound_callback_url = inbound_callback_url
        self.callback_verb = callback_verb
        self.ripen_after = ripen_after
        self.templates = dict(templates or {})
        self.blocked = {phones.mobile(number) for number in blocked}
        self.undeliverable = {phones.anywhere(number) for number in undeliverable}
        self.call_outcomes = {phones.voice(number): outcome for number, outcome in (call_outcomes or {}).items()}
        self.http_mirror = http_mirror
        self.rules = rules
        self.on_message, self.on_bale = on_message, on_bale
        self.faults = Faults(seed=seed)
        self.outbox = SimulatedOutbox(clock=clock, credit=credit)
        self.inbox = SimulatedInbox()
        self.bale = SimulatedBale(clock=clock, api_key=api_key)
        self.bots = SimulatedBots(clock, on_bot)
        self.exchange = SimulatedExchange(clock=clock)
        self.blocked_by_line: dict[tuple[str, str], Blocked] = {}
        self.config = {
            "apilogs": "justfaults",
            "dailyreport": "disabled",
            "debugmode": "disabled",
            "defaultsender": default_sender,
            "mincreditalarm": "100000",
            "resendfailed": "disabled",
        }
        # Ids go on rising over a restart, so that a client that remembers old ones never meets one twice.
        self._last_id = int(clock.now().timestamp()) * 1_000_000
        self._arrival = asyncio.Event()
        self._callbacks = Callbacks(clock=clock, status_of=self._status_of, on_inbound_heard=self.inbox.mark_read)

    def __repr__(self) -> str:
        return f"<Simulator: {len(self.outbox)} messages>"

    @property
    def messages(self) -> list[SimulatedMessage]:
        """Every accepted message, oldest first, as it stands now."""
        return list(self.outbox)

    @property
    def credit(self) -> int:
        """Rial left."""
        return self.outbox.credit

    @credit.setter
    def credit(self, rial: int) -> None:
        self.outbox.credit = rial

    async def wait_for(
        self, count: int = 1, *, matching: Callable[[SimulatedMessage], bool] | None = None
    ) -> list[SimulatedMessage]:
        """Wait until ``count`` messages (that match) were accepted, and return them."""
        while True:
            arrival = self._arrival
            if len(self.outbox) >= count:
                found = [message for message in self.outbox if matching is None or matching(message)]
                if len(found) >= count:
                    return found
            await arrival.wait()

    def accept(self, drafts: Sequence[Draft]) -> list[SimulatedMessage]:
        """One record a draft: what a localid stands for already is returned as it was, the rest is charged and sent."""
        # Localids are positive; a draft without one gets a key of its own below zero.
        keys = [draft.localid or -place for place, draft in enumerate(drafts, start=1)]
        records = {key: known for key in keys if (known := self._remembered(key))}
        fresh: dict[int, Draft] = {}
        for key, draft in zip(keys, drafts, strict=True):
            if key not in records:
                fresh.setdefault(key, draft)
        debugging = self.config["debugmode"] == "enabled"
        price = 0 if debugging else self.rules.price_per_part
        self.outbox.charge(sum(text.parts(draft.text) * price for draft in fresh.values()))
        for key, draft in fresh.items():
            records[key] = self._send(draft, price=price, debugging=debugging)
        return [records[key] for key in keys]

    def settle(self, messageid: int, status: int) -> SimulatedMessage:
        """Decide now what becomes of a message; money goes back and reports go out as if it had come by itself."""
        before = self._status_of(messageid)
        message = self.outbox.settle(messageid, status)
        self._watch(message, before)
        return message

    async def receive_from_customer(self, from_: str, text: str, *, to: str | None = None) -> SimulatedInbound:
        """A customer writes to one of the account's lines; ``inbound_callback_url`` is called if there is one."""
        message = SimulatedInbound(
            messageid=self._next_id(),
            sender=phones.mobile(from_),
            receptor=phones.line(to or self.config["defaultsender"]),
            text=text,
            received_at=self.clock.now(),
        )
        self.inbox.add(message)
        self._callbacks.announce(message)
        await self.deliver_callbacks()
        return message

    async def deliver_callbacks(self) -> int:
        """Make the callbacks that are due by the clock; how many were answered with 200."""
        return await self._callbacks.deliver(
            delivery_url=self.callback_url, inbound_url=self.inbound_callback_url, verb=self.callback_verb
        )

    def _send(self, draft: Draft, *, price: int, debugging: bool) -> SimulatedMessage:
        now = self.clock.now()
        instant = draft.method == "lookup"
        parts = text.parts(draft.text)
        message = SimulatedMessage(
            messageid=self._next_id(),
            receptor=draft.receptor,
            text=draft.text,
            sender=draft.sender,
            method=draft.method,
            localid=draft.localid,
            template=draft.template,
            parts=parts,
            cost=parts * price,
            sent_at=draft.sent_at,
            operator_at=draft.sent_at + (timedelta() if instant else self.ripen_after.operator),
            settled_at=now if debugging else draft.sent_at + self.ripen_after.settled,
            fate=SimulatedStatus.CANCELLED if debugging else self._fate(draft),
            status=SimulatedStatus.QUEUED,
            outcome=self._outcome(draft) if draft.method == "maketts" and not debugging else None,
        ).at(now)
        self.outbox.add(message)
        self._watch(message, message.status)
        if self.on_message is not None:
            self.on_message(message)
        self._arrival.set()
        self._arrival = asyncio.Event()
        return message

    def _fate(self, draft: Draft) -> SimulatedStatus:
        refused = draft.receptor in self.blocked or (draft.sender, draft.receptor) in self.blocked_by_line
        if draft.method == "maketts":
            return CALL_STATUSES[self._outcome(draft)]
        # Lookup goes through to those who block advertising, and a call is no SMS.
        if refused and draft.method in ("send", "sendarray"):
            return SimulatedStatus.BLOCKED
        return SimulatedStatus.UNDELIVERED if draft.receptor in self.undeliverable else SimulatedStatus.DELIVERED

    def _outcome(self, draft: Draft) -> CallOutcome:
        usual: CallOutcome = "no_answer" if draft.receptor in self.undeliverable else "answered"
        return self.call_outcomes.get(draft.receptor, usual)

    def _remembered(self, localid: int) -> SimulatedMessage | None:
        message = self.outbox.find_localid(localid)
        window = self.rules.localid_remembered
        if message is None or (window is not None and self.clock.now() - message.sent_at > window):
            return None
        return message

    def _watch(self, message: SimulatedMessage, told: int) -> None:
        if message.method != "lookup" or self.rules.lookup_reported:
            self._callbacks.watch(message.messageid, told)

    def _status_of(self, messageid: int) -> int:
        message = self.outbox.find(messageid)
        return message.status if message else SimulatedStatus.UNKNOWN

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id
