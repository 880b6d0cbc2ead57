"""Which order a line means: people write an order's number, and that may be the id of another order."""

from msgspec.structs import replace

from notifier.domain.canonical import something
from notifier.domain.orders import Order
from notifier.importing.entries import ImportRow, RowFault
from notifier.store.reading import Reader


async def resolved(entry: ImportRow, reader: Reader | None) -> ImportRow:
    """The entry about the order that it means, or refused: nobody's code may go to somebody else.

    ``reader`` is None where there is no store yet, and so no order.
    """
    event = entry.event
    if event is None or not entry.by_number:
        return entry
    found = await reader.called(event.source, event.order_id) if reader else []
    match found:
        case []:
            fault = RowFault.UNKNOWN_ORDER
            reason = (
                f"no order of {event.source} has the number {event.order_id}; look whether it is right, or import the "
                "line again when the shop has told of the order"
            )
        case [order]:
            return replace(entry, event=replace(event, order_id=order.id))
        case _:
            fault = RowFault.TWO_ORDERS
            named = " and ".join(_named(order) for order in found)
            reason = f"the number {event.order_id} is that of {named}: enter this parcel in the shop itself"
    return replace(entry, event=None, reason=reason, fault=fault)


def _named(order: Order) -> str:
    return f"the order with id {order.id}" + (f" ({name})" if (name := something(order.details.name)) else "")
