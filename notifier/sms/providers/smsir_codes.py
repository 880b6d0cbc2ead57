"""sms.ir's numbers as data: the statuses of an answer and the delivery states of a message.

The meanings are the official ones (https://sms.ir/developer-web-service/rest-api/), the classes are ours.
"""

from collections.abc import Mapping

from msgspec import Struct

from notifier.sms.providers.base import DeliveryStatus, Failed, Failure

DONE, BAD_LINE, NO_CREDIT, BAD_MOBILE, NO_SUCH_ID, LONG_VALUE, BLACKLISTED = 1, 101, 102, 104, 111, 114, 115
MAX_VALUE = 25  # characters of a pattern's value


class SmsIrCode(Struct, frozen=True):
    """One ``status`` of an answer: what sms.ir says by it and what it makes of the message."""

    number: int
    meaning: str
    failure: Failure
    retry_after: float | None = None  # seconds
    our_bug: bool = False  # no message and no account is to blame: the call itself was wrong

    def failed(self, text: str = "") -> Failed:
        """The failure of a message whose call was answered by this status and ``text``."""
        said = f" ({text})" if text else ""
        return Failed(
            failure=self.failure,
            code=self.number,
            reason=f"sms.ir answered {self.number}: {self.meaning}{said}",
            retry_after=self.retry_after,
            maybe_sent=self.failure is _UNKNOWN,
            no_credit=self.number == NO_CREDIT,
        )


_RETRY, _REFUSED, _ACCOUNT, _UNKNOWN = Failure.RETRY, Failure.REFUSED, Failure.ACCOUNT, Failure.UNKNOWN

# ACCOUNT or REFUSED? As with Kavenegar the question is who fails next: every message, or only this one and its like.
# All but 0 say that the request was turned away before anything left, so only 0 is a doubt; and there is no id that
# would make a repeat safe, so the doubt stays one.
CODES: Mapping[int, SmsIrCode] = {
    code.number: code
    for code in (
        SmsIrCode(0, "something went wrong at sms.ir", _UNKNOWN),
        SmsIrCode(10, "the API key is not valid", _ACCOUNT),
        SmsIrCode(11, "the API key is switched off", _ACCOUNT),
        SmsIrCode(12, "the API key is limited to certain IPs: add this server's in the panel", _ACCOUNT),
        SmsIrCode(13, "the account is not active", _ACCOUNT),
        SmsIrCode(14, "the account is suspended", _ACCOUNT),
        SmsIrCode(15, "the account's plan has no web service: upgrade it", _ACCOUNT),
        SmsIrCode(16, "a parameter is wrong", _REFUSED, our_bug=True),
        SmsIrCode(20, "too many requests", _RETRY, retry_after=60),
        # The line is the account's setting: all that leaves by it fails alike, and no message is at fault.
        SmsIrCode(BAD_LINE, "the line is not valid: check sender in the configuration", _ACCOUNT),
        SmsIrCode(NO_CREDIT, "the credit is not enough: charge the account", _ACCOUNT),
        SmsIrCode(103, "the text is empty", _REFUSED),
        SmsIrCode(BAD_MOBILE, "the mobile number is not valid", _REFUSED),
        SmsIrCode(105, "more than 100 numbers at once", _REFUSED, our_bug=True),
        SmsIrCode(106, "more than 100 texts at once", _REFUSED, our_bug=True),
        SmsIrCode(107, "the list of numbers is empty", _REFUSED, our_bug=True),
        SmsIrCode(108, "the list of texts is empty", _REFUSED, our_bug=True),
        SmsIrCode(109, "the time of sending is not valid", _REFUSED, our_bug=True),
        SmsIrCode(110, "numbers and texts differ in count", _REFUSED, our_bug=True),
        SmsIrCode(NO_SUCH_ID, "no message has this id", _REFUSED, our_bug=True),  # answers a question, never a send
        SmsIrCode(112, "there is nothing to delete", _REFUSED, our_bug=True),  # the same
        # One pattern is missing or mistaken; the other patterns and the plain texts go on.
        SmsIrCode(113, "the pattern was not found", _REFUSED),
        SmsIrCode(LONG_VALUE, f"a value is longer than {MAX_VALUE} characters", _REFUSED),
        SmsIrCode(BLACKLISTED, "the number is on sms.ir's blacklist", _REFUSED),
        SmsIrCode(116, "a parameter of the pattern has no name or value", _REFUSED),
        SmsIrCode(117, "the text is not approved", _REFUSED),
        # Of the text's parts or of the account's quota? Only the former can be told apart by halving the batch, and an
        # account paused for one long text would keep everybody waiting.
        SmsIrCode(118, "more messages than allowed", _REFUSED),
        SmsIrCode(119, "the account's plan has no patterns of its own: upgrade it", _REFUSED),
        SmsIrCode(123, "the line is not activated", _ACCOUNT),
        # None of our texts is a one-time code, so nothing would leave until sms.ir lifts this.
        SmsIrCode(124, "only one-time codes may be sent for now", _ACCOUNT),
    )
}

WITHOUT_ENVELOPE: Mapping[int, int] = {401: 10, 403: 12, 429: 20}
"""The code a bare HTTP status stands for: a gateway that shuts the door says it in HTML. Nothing was sent."""


def code(number: int) -> SmsIrCode:
    """The status of that number. One the documentation does not have may mean anything, so also that the text left."""
    return CODES.get(number) or SmsIrCode(number, "a status its documentation does not have", _UNKNOWN)


STATES: Mapping[int, DeliveryStatus] = {
    1: DeliveryStatus.DELIVERED,
    2: DeliveryStatus.UNDELIVERED,  # did not reach the phone
    3: DeliveryStatus.SENT,
    4: DeliveryStatus.FAILED,  # did not reach the operator
    5: DeliveryStatus.SENT,
    6: DeliveryStatus.FAILED,
    7: DeliveryStatus.BLOCKED,  # the receiver is on a blacklist
}
"""``deliveryState``; 8 is "unclear", and says as little as one nobody documented."""
