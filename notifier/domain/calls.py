"""A follow-up call: a promise that somebody of the shop phones a customer."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Purpose(StrEnum):
    """Why a customer is called."""

    COORDINATION = "coordination"
    REASSURANCE = "reassurance"
    SHIPPING_UPDATE = "shipping_update"
    SATISFACTION = "satisfaction"
    ARRANGE_PAYMENT = "arrange_payment"
    PAYMENT_HELP = "payment_help"
    VERIFY_DEPOSIT = "verify_deposit"
    DEPOSIT_REMINDER = "deposit_reminder"
    UNDELIVERED_SMS = "undelivered_sms"
    WHY_CANCELLED = "why_cancelled"
    CALLBACK = "callback"


class CallState(StrEnum):
    SCHEDULED = "scheduled"
    DUE = "due"
    CLAIMED = "claimed"
    DONE = "done"
    CANCELLED = "cancelled"
    EXHAUSTED = "exhausted"


OPEN = frozenset({CallState.SCHEDULED, CallState.DUE, CallState.CLAIMED})
FINAL = frozenset(CallState) - OPEN


class Call(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call as planned. What becomes of it is the call book's business."""

    id: str
    purpose: Purpose
    order_id: str
    source: str
    phone: str | None
    name: str | None
    due_at: datetime
    created_at: datetime
    brief: str = ""  # what the caller should know and say, in Persian
