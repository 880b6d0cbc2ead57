"""Kavenegar's numbers as data: the codes of an answer and the statuses of a message.

The meanings are the official ones (https://kavenegar.com/rest.html, tables 1 and 2), the classes are ours.
"""

from collections.abc import Mapping

from msgspec import Struct

from notifier.sms.providers.base import DeliveryStatus, Failed, Failure

CONFIRMED, NO_CREDIT = 200, 418


class KavenegarCode(Struct, frozen=True):
    """One ``return.status``: what Kavenegar says by it and what it makes of the message."""

    number: int
    meaning: str
    failure: Failure
    not_repeatable: Failure | None = None  # the class of a call that has no localid, where it differs
    retry_after: float | None = None  # seconds
    maybe_sent: bool = False  # the text may be out all the same
    our_bug: bool = False  # no message and no account is to blame: the call itself was wrong

    def failed(self, text: str = "", *, repeatable: bool = True) -> Failed:
        """The failure of a message whose call was answered by this code and ``text``."""
        failure = self.failure if repeatable else self.not_repeatable or self.failure
        said = f" ({text})" if text else ""
        return Failed(
            failure=failure,
            code=self.number,
            reason=f"Kavenegar answered {self.number}: {self.meaning}{said}",
            retry_after=self.retry_after,
            maybe_sent=self.maybe_sent or failure is Failure.UNKNOWN,
            no_credit=self.number == NO_CREDIT,
        )


_RETRY, _REFUSED, _ACCOUNT, _UNKNOWN = Failure.RETRY, Failure.REFUSED, Failure.ACCOUNT, Failure.UNKNOWN

# ACCOUNT or REFUSED? The question is who fails next. If every message would, the account pauses and keeps them all; if
# only this one and its like would, it alone is refused and the payment texts behind it go on:
# - 404, 405: no message can cause them, a wrong base_url can; once that is mended all the messages can go: ACCOUNT.
# - 412: the line is the account's setting, all that leaves by it fails alike, and the message is not at fault: ACCOUNT.
# - 420: a right of the account, but only texts with a link hit it; pausing would stop all the others: REFUSED.
# - 424, 432: one pattern is missing, not approved yet or has no %token; other patterns and plain texts go: REFUSED.
CODES: Mapping[int, KavenegarCode] = {
    code.number: code
    for code in (
        KavenegarCode(400, "parameters are incomplete", _REFUSED, our_bug=True),
        KavenegarCode(401, "the account is disabled", _ACCOUNT),
        # With a localid a repeat is answered by the first try's record; without, the first try may have gone out.
        KavenegarCode(402, "the operation failed", _RETRY, not_repeatable=_UNKNOWN, maybe_sent=True),
        KavenegarCode(403, "the API key is not valid", _ACCOUNT),
        KavenegarCode(404, "the method does not exist: check base_url in the configuration", _ACCOUNT, our_bug=True),
        KavenegarCode(405, "GET and POST are mixed up: check base_url in the configuration", _ACCOUNT, our_bug=True),
        KavenegarCode(406, "a mandatory parameter is empty", _REFUSED, our_bug=True),
        KavenegarCode(407, "no access to this information: set this server's IP in the panel", _ACCOUNT),
        KavenegarCode(409, "the server cannot answer now", _RETRY),
        KavenegarCode(411, "the receptor is not valid", _REFUSED),
        KavenegarCode(412, "the sender is not valid: check the line in the configuration", _ACCOUNT),
        KavenegarCode(413, "the message is empty or too long", _REFUSED),
        KavenegarCode(414, "the request is too big", _REFUSED, our_bug=True),
        KavenegarCode(415, "the start index is beyond the end", _REFUSED, our_bug=True),
        KavenegarCode(416, "the source IP does not match the account's settings", _ACCOUNT),
        KavenegarCode(417, "the date is wrong or past", _REFUSED),
        KavenegarCode(418, "the credit is not enough: charge the account", _ACCOUNT),
        KavenegarCode(419, "the arrays differ in length", _REFUSED, our_bug=True),
        KavenegarCode(420, "this account may not send links", _REFUSED),
        KavenegarCode(422, "the data hold an unsuitable character", _REFUSED),
        KavenegarCode(424, "the pattern was not found or is not approved", _REFUSED),
        KavenegarCode(426, "the account needs the advanced service", _ACCOUNT),
        KavenegarCode(427, "this line needs an access level", _ACCOUNT),
        KavenegarCode(428, "a code by voice call must be digits only", _REFUSED),
        # A rate limit of the account rather than of the call: hammering on makes it worse, and somebody must know.
        KavenegarCode(429, "the IP is restricted", _ACCOUNT, retry_after=600),
        KavenegarCode(431, "the structure of a token is wrong: no space, new line, underline or separator", _REFUSED),
        KavenegarCode(432, "the pattern has no %token", _REFUSED),
        KavenegarCode(451, "too many calls in a period, the IP is restricted", _RETRY, retry_after=60),
        KavenegarCode(501, "a trial account may only send to its owner's number", _ACCOUNT),
        KavenegarCode(604, "too many numbers", _REFUSED, our_bug=True),
        KavenegarCode(607, "the tag is wrong", _REFUSED, our_bug=True),
    )
}

WITHOUT_ENVELOPE = frozenset({401, 403, 404, 405, 429, 451})
"""Codes that count as a bare HTTP status too: a gateway that shuts the door says them before Kavenegar can, in HTML."""


def code(number: int) -> KavenegarCode:
    """The code of that number. One the documentation does not have may mean anything, so also that the text left."""
    return CODES.get(number) or KavenegarCode(number, "a code its documentation does not have", _UNKNOWN)


STATUSES: Mapping[int, tuple[DeliveryStatus, str]] = {
    1: (DeliveryStatus.QUEUED, "queued"),
    2: (DeliveryStatus.QUEUED, "scheduled"),
    4: (DeliveryStatus.SENT, "sent to the operator"),
    5: (DeliveryStatus.SENT, "sent to the operator"),
    6: (DeliveryStatus.FAILED, "an error at the gateway, not delivered"),
    10: (DeliveryStatus.DELIVERED, "delivered"),
    11: (DeliveryStatus.UNDELIVERED, "not delivered: the phone is off or out of reach"),
    13: (DeliveryStatus.CANCELLED, "cancelled by the user or by a problem in sending; the cost is refunded"),
    14: (DeliveryStatus.BLOCKED, "the receiver does not want texts from advertising lines; the cost is refunded"),
    100: (DeliveryStatus.UNKNOWN_ID, "the id is not known, not ours or too old"),
}


def status(number: int | None) -> DeliveryStatus | None:
    """The status of that number, or None for one the documentation does not have (old SDKs know others, like 50)."""
    known = STATUSES.get(number) if number is not None else None
    return known[0] if known else None
