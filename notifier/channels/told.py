"""What came of telling one of the staff something by one of their channels."""

from enum import StrEnum

from notifier.channels.bots.answer import BotAnswer


class TellingOutcome(StrEnum):
    """A bot's and a push's are known at once; a text is queued, and may turn out not to have come."""

    TAKEN = "taken"
    QUEUED = "queued"
    LATER = "later"  # the messenger asked for some patience
    UNKNOWN = "unknown"
    CLOSED = "closed"  # they blocked the bot, or no browser of theirs takes a push
    REFUSED = "refused"
    LIMITED = "limited"  # it asked for more patience than there is
    AWAY = "away"  # it could not be reached
    UNDELIVERED = "undelivered"


def of_bot(answer: BotAnswer) -> TellingOutcome:
    """What an answer of a bot says."""
    if answer.taken:
        return TellingOutcome.TAKEN
    if answer.unknown:
        return TellingOutcome.UNKNOWN
    if answer.chat_closed:
        return TellingOutcome.CLOSED
    if answer.limited:
        return TellingOutcome.LIMITED
    return TellingOutcome.REFUSED if answer.error is None else TellingOutcome.AWAY
