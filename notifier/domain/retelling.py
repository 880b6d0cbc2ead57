"""A text that waited, as it is to leave: to whom and in which words the order says it now, and whether it holds."""

from datetime import datetime

from msgspec.structs import replace

from notifier.domain import relevance
from notifier.domain.decide import block_of
from notifier.domain.ladder import is_ladder
from notifier.domain.messages import Message, Via
from notifier.domain.orders import News, Order
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
    if said.to != message.to and is_ladder(message.route):  # the rungs that were tried were tried with another phone
        block, _ = block_of(order, rulebook)
        said = replace(said, route=rulebook.route(order.source, template.ladder or block.ladder))
    return message if said == message else replace(said, order_v=order.v)


def holds(message: Message, order: Order, rulebook: Rulebook, *, copy: bool = False) -> bool:
    """Whether news has left a text its sense; of a ``copy``, which the customer may have already, also whether no later
    stage says more. What no rule sends, whoever had it sent answers for."""
    block, _ = block_of(order, rulebook)
    told = [
        News(kind, *known)
        for kind, times in order.news.items()
        for known in times.items()
        if any(rule.template == message.template for rule in block.rule(kind).sms)
    ]
    if message.about is not None:
        told = [message.about]
    if not told or message.template not in rulebook.templates:
        return True
    lasting = not copy or rulebook.template(message.template, order.source).lasting
    return any(
        not relevance.void(order, news)
        and not relevance.undone(order, block, message.template, news)
        and not (copy and relevance.overtaken(order, news, lasting=lasting))
        for news in told
    )
