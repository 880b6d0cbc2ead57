"""Which texts fit an order as it is now: those of its promises whose news came and still holds. Pure."""

from collections.abc import Iterator

from notifier.domain import relevance
from notifier.domain.conditions import Conditions
from notifier.domain.decide import block_of
from notifier.domain.events import EventType
from notifier.domain.messages import OPT_OUT_CONFIRMED, Audience
from notifier.domain.orders import STAGES, News, Order, Stage
from notifier.domain.policy import Block, Rulebook, TextRule


def fitting(order: Order, rulebook: Rulebook, now: int) -> list[str]:
    """Names of texts to customers; also of those that no promise names, as long as the order is alive."""
    block, offered = block_of(order, rulebook)
    settled = order.free or (offered and order.paid)
    conditions = Conditions(order=order, rulebook=rulebook, settled=settled, now=now)
    told = _told(order, block, conditions)
    found = {text.template for text, news in told if _holds(order, rulebook, block, text, news)}
    if not order.cancelled:
        if settled and order.happened(EventType.CANCELLED) is not None:
            found |= {text.template for text in conditions.chosen(block.revived)}
        found |= _loose(rulebook)
    return sorted(name for name in found if _to_customers(rulebook, order.source, name))


def _told(order: Order, block: Block, conditions: Conditions) -> Iterator[tuple[TextRule, News]]:
    for kind, rule in block.rules.items():
        newest, at = order.newest(kind), order.happened(kind)
        if newest is not None and at is not None:
            yield from ((text, News(kind, newest, at)) for text in conditions.chosen(rule.sms))


def _holds(order: Order, rulebook: Rulebook, block: Block, text: TextRule, news: News) -> bool:
    stage = STAGES.get(news.kind, Stage.NONE)
    if block.needs_payment and not order.prepaid and Stage.PAID < stage <= Stage.DELIVERED:
        return False
    lasting = bool(text.after) or rulebook.template(text.template, order.source).lasting
    return (
        not relevance.void(order, news)
        and not relevance.overtaken(order, news, lasting=lasting)
        and not relevance.undone(order, block, text.template, news)
    )


def _loose(rulebook: Rulebook) -> set[str]:
    """Texts that no promise of the shop names: people send them when they are needed."""
    policy = rulebook.policy
    blocks = (*policy.blocks.values(), policy.otherwise, policy.free)
    named = {text.template for block in blocks for text in block.texts()}
    return {name for name in rulebook.templates if "/" not in name} - named - {OPT_OUT_CONFIRMED}


def _to_customers(rulebook: Rulebook, source: str, name: str) -> bool:
    return rulebook.template(name, source).audience is Audience.CUSTOMER
