"""What the staff is told of calls, and what a customer is told whom nobody reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from notifier.domain import phones
from notifier.domain.calls import Call
from notifier.domain.decide import derived_id
from notifier.domain.messages import Audience, Message
from notifier.domain.orders import Order
from notifier.domain.policy import MessageTemplate, Rulebook
from notifier.domain.variables import PURPOSES, Context
from notifier.store.staff import Staff
from scheduler.steps import ReminderKind

CALL_DUE, CALLS_DUE, DIGEST, SUMMARY = "call_due", "calls_due", "calls_digest", "calls_summary"
EXHAUSTED = "call_exhausted"
BRIEF, BRIEF_REASON = "call_brief", "call_brief_reason"

TEMPLATES: Mapping[str, Audience] = {
    **dict.fromkeys((CALL_DUE, CALLS_DUE, DIGEST, SUMMARY, BRIEF, BRIEF_REASON), Audience.STAFF),
    EXHAUSTED: Audience.CUSTOMER,
}
"""The templates that calls need, each with whom it speaks to."""

_URGENCY = {
    ReminderKind.SOON: "به‌زودی",
    ReminderKind.OVERDUE: "دیر شده",
    ReminderKind.POOL: "بدون مسئول",
    ReminderKind.ESCALATED: "ارجاع به سرپرست",
    ReminderKind.WRONG_NUMBER: "شمارهٔ اشتباه",
}


@dataclass(slots=True)
class StaffTexts:
    """Renders them. Whom a text goes to is by type a member of staff, or the customer of an order."""

    rulebook: Rulebook

    def reminder(
        self, staff: Staff, calls: Sequence[tuple[Call, ReminderKind]], order: Order | None, now: datetime, *, key: str
    ) -> Message:
        """One text about one call or several; ``key`` tells it from every other reminder."""
        worst = max(kind for _, kind in calls)
        urgency = _URGENCY.get(worst, "")
        if len(calls) == 1 and order is not None:
            context = self._context(now, order=order, call=calls[0][0], words={"urgency": urgency})
            return self._to_staff(CALL_DUE, staff, context, key)
        context = self._context(now, calls=[call for call, _ in calls], words={"urgency": urgency})
        return self._to_staff(CALLS_DUE, staff, context, key)

    def digest(self, staff: Staff, calls: Sequence[Call], pool: int, now: datetime, *, key: str) -> Message:
        """What a shift begins with."""
        context = self._context(now, calls=calls, numbers={"pool_count": pool}, words={"staff_name": staff.name})
        return self._to_staff(DIGEST, staff, context, key)

    def summary(self, staff: Staff, numbers: Mapping[str, int], now: datetime, *, key: str) -> Message:
        """What a day came to."""
        return self._to_staff(SUMMARY, staff, self._context(now, numbers=numbers), key)

    def exhausted(self, call: Call, order: Order, now: datetime) -> Message | None:
        """To the customer: we tried to call. None where there is no mobile to send it to."""
        template = self._template(EXHAUSTED, order)
        if call.phone is None or not phones.is_mobile(call.phone):
            return None
        ready = now if template.passes_quiet_hours else self.rulebook.texting_time(now)
        return Message(
            id=derived_id(
                self.rulebook.namespace, EXHAUSTED, call.id, *([str(call.texts_undone)] if call.texts_undone else [])
            ),
            template=template.name,
            version=template.version,
            to=call.phone,
            text=template.render(self._context(now, order=order, call=call)),
            created_at=now,
            audience=Audience.CUSTOMER,
            order_id=order.id,
            source=order.source,
            route=self.rulebook.route(order.source),
            keeps_quiet_hours=not template.passes_quiet_hours,
            not_before=ready if ready > now else None,
            expires_at=ready + template.expires if template.expires else None,
        )

    def brief(self, call: Call, orders: Mapping[tuple[str, str], Order], now: datetime) -> str:
        """What the caller should know, say and ask, one part for each reason."""
        known = [
            (one, orders[one.source, one.order_id]) for one in call.reasons if (one.source, one.order_id) in orders
        ]
        alone = [
            f"{PURPOSES[reason.purpose]}: «{reason.words}»"
            for reason in call.reasons
            if reason.words and (reason.source, reason.order_id) not in orders
        ]
        if not known:
            return "\n\n".join(alone)
        numbers = {"tries": sum(call.tried.values())}
        first = known[0][1]
        head = self._template(BRIEF, first).render(self._context(now, order=first, call=call, numbers=numbers))
        parts = [head]
        for reason, order in known:
            about = replace(call, reasons=(reason,))
            parts.append(self._template(BRIEF_REASON, order).render(self._context(now, order=order, call=about)))
        return "\n\n".join([*parts, *alone])

    def _to_staff(self, name: str, staff: Staff, context: Context, key: str) -> Message:
        template, now = self._template(name, context.order), context.now
        call = context.call
        return Message(
            id=derived_id(self.rulebook.namespace, name, staff.id, key),
            template=template.name,
            version=template.version,
            to=staff.phone,
            text=template.render(context),
            created_at=now,
            audience=Audience.STAFF,
            order_id=context.order.id if call else None,
            source=context.order.source if call else None,
            expires_at=now + template.expires if template.expires else None,
        )

    def _template(self, name: str, order: Order) -> MessageTemplate:
        return self.rulebook.template(name, order.source)

    def _context(
        self,
        now: datetime,
        *,
        order: Order | None = None,
        call: Call | None = None,
        calls: Sequence[Call] = (),
        numbers: Mapping[str, int] | None = None,
        words: Mapping[str, str] | None = None,
    ) -> Context:
        return Context(
            order=order or Order(id="", source=""),
            shops=self.rulebook.shops,
            now=now,
            call=call,
            calls=tuple(calls),
            numbers=numbers or {},
            words=words or {},
        )
