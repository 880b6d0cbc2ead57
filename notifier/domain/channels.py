"""The channels by which words reach a person."""

from enum import StrEnum


class Channel(StrEnum):
    """How a provider brings a text to its reader, or listener."""

    SMS = "sms"
    BALE = "bale"  # a messenger: only who has an account there is reached
    VOICE = "voice"  # a call that reads the text out


class StaffChannel(StrEnum):
    """How a member of staff is told something, as they order it themselves."""

    BALE = "bale"
    TELEGRAM = "telegram"
    PUSH = "push"
    SMS = "sms"


BOTS = (StaffChannel.BALE, StaffChannel.TELEGRAM)
"""What a person binds to their account, and answers in."""
