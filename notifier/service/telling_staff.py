"""The channels of the staff beside the SMS, put together from the configuration."""

from collections.abc import Sequence

from notifier.channels import reminders
from notifier.channels.web_push import notices
from notifier.config import Config
from notifier.domain.calls import Call
from notifier.domain.domain_events import DomainEvent, StaffReminded
from notifier.domain.messages import Message
from notifier.store import writes
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, TellStaff, by_text
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork


def tell_staff(config: Config) -> TellStaff:
    """Has a reminder go over somebody's channels; where there is none but the SMS it is queued right here."""
    has_bots, has_push = bool(config.staff.channels.bots), config.console.push is not None
    if not has_bots and not has_push:
        return by_text

    def tell(unit: UnitOfWork, keys: Keys, staff: Staff, message: Message, calls: Sequence[tuple[Call, str]]) -> None:
        fact = StaffReminded(id=message.id, staff_id=staff.id, calls=tuple(calls), at=message.created_at)
        push = notices.of_reminder(fact)
        if has_bots or staff.channels:
            about = [call for call, _ in calls]
            reminders.queue(unit, keys, reminders.notice_of(staff.id, message, about, push))
            return
        writes.queue_message(unit, keys, message)
        if calls:
            notices.queue(unit, keys, push)

    return tell


def following_staff(config: Config, others: Publish) -> Publish:
    """Has the next channel tried where a text of a reminder did not come."""
    if not config.staff.channels.bots and config.console.push is None:
        return others

    def tell(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
        others(unit, keys, fact)
        reminders.follow(unit, keys, fact)

    return tell
