"""A text that waited, as it is to leave: to whom and in which words the order says it now."""

from datetime import datetime

from msgspec.structs import replace

from notifier.domain.messages import Message, Via
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.domain.variables import Context


def as_it_is(message: Message, order: Order, rulebook: Rulebook, now: datetime) -> Message:
    """The message with today's phone, words and pattern; the same where nothing changed, or its template is gone."""
    if message.template not in rulebook.templates or not message.order_v:
        return message
    template = rulebook.template(message.template, order.source)
    told = order.telling_of(message.about.kind, message.about.distinction) if message.about else order
    context = Context(order=told, shops=rulebook.shops, now=now, pages=rulebook.pages)
    said = replace(
        message,
        to=order.details.phone or message.to,
        version=template.version,
        text=template.render(context),
        spoken=template.spoken(context),
        patterns=template.patterns(context) if template.via is Via.LOOKUP else {},
    )
    return message if said == message else replace(said, order_v=order.v)
