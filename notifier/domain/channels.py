"""The channels by which words reach a person."""

from enum import StrEnum


class Channel(StrEnum):
    """How a provider brings a text to its reader, or listener."""

    SMS = "sms"
    BALE = "bale"  # a messenger: only who has an account there is reached
    VOICE = "voice"  # a call that reads the text out
