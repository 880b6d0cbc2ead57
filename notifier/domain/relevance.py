"""What one piece of news means for another: whether it still holds, is worth telling, or has been undone. Pure."""

from notifier.domain.events import EventType
from notifier.domain.orders import AGREEING, JUDGED, STAGES, News, Order, Stage
from notifier.domain.policy import Block

_REPEATABLE = frozenset(
    {
        EventType.PAYMENT_FAILED,
        EventType.DEPOSIT_REPORTED,
        EventType.DEPOSIT_REJECTED,
        EventType.DELIVERY_FAILED,
        EventType.STALLED,
        EventType.DELAYED,
        EventType.CALLBACK_REQUESTED,
        EventType.RATED,
    }
)
"""News that may come several times; of several the newest is told."""

MOVING = (EventType.SHIPPED, EventType.OUT_FOR_DELIVERY, EventType.DELIVERY_FAILED)
"""What shows that a parcel moves, before it is delivered."""

_SETTLED_BY: dict[EventType, tuple[EventType, ...]] = {
    EventType.PAYMENT_FAILED: (EventType.PAID,),
    EventType.DEPOSIT_REPORTED: (EventType.DEPOSIT_CONFIRMED, EventType.DEPOSIT_REJECTED),
    EventType.DEPOSIT_REJECTED: (EventType.DEPOSIT_CONFIRMED,),
    EventType.RETURN_REQUESTED: tuple(JUDGED),
    EventType.RETURNED: tuple(JUDGED),
}
"""News, and what makes it pointless to tell when that happened at the same time or later."""


_OF_PARCELS = frozenset({EventType.DELAYED, EventType.DELIVERY_FAILED})

_STANDING = (frozenset(STAGES) - {EventType.REGISTERED}) | JUDGED | _OF_PARCELS | frozenset(AGREEING)
"""News that holds again once what made it void is taken back; what an order begins with is then told anew anyhow."""

_OWED = _STANDING | {EventType.STALLED, EventType.DEPOSIT_REPORTED}
"""News whose call is owed again once what made it void is taken back."""

_BEYOND_CANCELLATION = frozenset({EventType.REFUNDED, EventType.CALLBACK_REQUESTED})
"""News that holds of a cancelled order, too."""


def overtaken(order: Order, news: News, *, lasting: bool) -> bool:
    """Whether newer news makes it pointless to tell this; what is ``lasting`` no later stage overtakes."""
    newest = order.newest(news.kind)
    if news.distinction != newest:
        if news.kind is EventType.DEPOSIT_CONFIRMED:  # of several parts the newest tells what is left
            return order.deposit_rest > 0 and news.distinction != order.newest_deposit
        if news.kind in _REPEATABLE or not news.distinction:
            return True
    if news.kind is EventType.SHIPPED and news.distinction and _corrected(order, news):
        return True
    return not lasting and STAGES.get(news.kind, order.stage) < order.stage


def _corrected(order: Order, news: News) -> bool:
    """Whether a parcel's code holds no more: a shop that shows all codes at once has left it out."""
    shown = order.details.codes
    return shown is not None and news.distinction not in shown


def void(order: Order, news: News) -> bool:
    """Whether other news makes this news hold no more."""
    if news.kind is EventType.CANCELLED:
        return not order.cancelled
    if order.cancelled and news.kind not in _BEYOND_CANCELLATION:
        return True
    if news.kind is EventType.PAYMENT_FAILED and order.paid:
        return True
    if news.kind is EventType.DEPOSIT_CONFIRMED:
        return not order.deposit_confirmed or news.distinction not in order.came
    if news.kind in JUDGED:
        return news.kind is not order.return_judged
    if news.kind in AGREEING:
        return order.stage >= Stage.DELIVERED or not news.distinction.startswith(str(order.delivery or "-"))
    if news.kind is EventType.DELIVERY_RELEASED:
        given_up = order.delivery is None and not order.news.keys().isdisjoint(AGREEING)
        return order.stage >= Stage.DELIVERED or not given_up or news.at < (order.delivery_said or 0)
    if news.kind is EventType.DELAYED:
        return order.stage >= Stage.SHIPPED
    if news.kind is EventType.DELIVERY_FAILED:
        again = order.happened(EventType.OUT_FOR_DELIVERY)
        return order.stage >= Stage.DELIVERED or (again is not None and again > news.at)
    if news.kind is EventType.STALLED:
        moved = max(order.happened(kind) or -1 for kind in MOVING)
        return order.stage >= Stage.DELIVERED or moved > news.at
    if news.kind not in _SETTLED_BY:
        return False
    return any((order.happened(later) or -1) >= news.at for later in _SETTLED_BY[news.kind])


def may_hold_again(order: Order, news: News, *, unpaid: bool, promised: bool) -> bool:
    """Whether what has the news wait, or makes it void, may itself be taken back: the order revived, its money found
    again, its return judged otherwise, its parcel's code shown once more, its customer promised the former things."""
    if news.kind not in _STANDING:
        return False
    if order.cancelled or order.refunded:
        return True
    if news.kind in AGREEING:  # whoever goes back to a time agrees upon it anew
        return False
    if news.kind is EventType.DEPOSIT_CONFIRMED and (void(order, news) or order.deposit_rest > 0):
        return True
    if news.kind in JUDGED and news.kind is not order.return_judged:
        return True
    corrected = news.kind is EventType.SHIPPED and bool(news.distinction) and _corrected(order, news)
    return unpaid or corrected or not promised


def may_be_owed_again(order: Order, news: News, *, unpaid: bool, promised: bool) -> bool:
    """Whether what has a call about news dropped may itself be taken back."""
    if news.kind in _STANDING:
        return may_hold_again(order, news, unpaid=unpaid, promised=promised)
    return news.kind in _OWED and (order.cancelled or order.refunded or not promised)


def undone(order: Order, block: Block, name: str, news: News) -> bool:
    """Whether news that follows upon this cancels ``name``, in whatever order the two were heard."""
    cancelling = block.cancelling(name)
    if cancelling.isdisjoint(order.news):
        return False
    return any(
        any(follows(News(kind, *known), news) for known in times.items())
        for kind, times in order.news.items()
        if kind in cancelling
        and not (kind is EventType.CANCELLED and not order.cancelled)
        and not (kind is EventType.REFUNDED and not order.refunded)
    )


def follows(later: News, news: News) -> bool:
    """Whether the one comes after the other: stages by their order, since clocks differ, and all else by time."""
    if later.kind is news.kind:
        return (later.at, later.distinction) > (news.at, news.distinction)
    stage, later_stage = STAGES.get(news.kind), STAGES.get(later.kind)
    if stage is Stage.REGISTERED:
        return True
    if stage is not None and later_stage is not None and stage != later_stage:
        return later_stage > stage
    return later.at >= news.at
