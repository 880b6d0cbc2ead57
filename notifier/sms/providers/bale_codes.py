"""Safir's numbers as data: what Bale says instead of a message's id, and what that makes of the message.

The codes and their names are those of https://docs.bale.ai/safir (of 1 June 2026), the classes are ours.
"""

from collections.abc import Mapping

from msgspec import Struct

from notifier.sms.providers.base import Failed, Failure

TOO_MANY, NOT_ON_BALE, NO_CREDIT = 3, 17, 20


class BaleCode(Struct, frozen=True):
    """One ``code``: what Bale means by it and what it makes of the message."""

    number: int
    name: str
    meaning: str
    failure: Failure
    retry_after: float | None = None  # seconds
    maybe_sent: bool = False
    our_bug: bool = False  # neither the message nor the account is to blame: the call itself was wrong

    def failed(self, text: str = "") -> Failed:
        """The failure of a message whose call was answered by this code and ``text``."""
        said = f" ({text})" if text else ""
        return Failed(
            failure=self.failure,
            code=self.number,
            reason=f"Bale answered {self.number}: {self.meaning}{said}",
            retry_after=self.retry_after,
            maybe_sent=self.maybe_sent or self.failure is Failure.UNKNOWN,
            no_credit=self.number == NO_CREDIT,
        )


_RETRY, _REFUSED, _ELSEWHERE, _ACCOUNT = Failure.RETRY, Failure.REFUSED, Failure.ELSEWHERE, Failure.ACCOUNT

# What is repeated goes with the same request_id, which Bale sends once.
CODES: Mapping[int, BaleCode] = {
    code.number: code
    for code in (
        BaleCode(2, "InternalServerError", "an error at Bale", _RETRY, maybe_sent=True),
        BaleCode(TOO_MANY, "RateLimitExceeded", "too many messages in a short time", _RETRY, retry_after=60),
        BaleCode(4, "InvalidInput", "the call is not as Bale wants it", _REFUSED, our_bug=True),
        # We write numbers as Bale wants them; what it does not take for one may well get an SMS.
        BaleCode(8, "InvalidPhone", "the number is none that Bale knows", _ELSEWHERE),
        BaleCode(NOT_ON_BALE, "NotBaleUser", "the number has no account at Bale", _ELSEWHERE),
        BaleCode(NO_CREDIT, "PaymentRequired", "the credit is not enough: charge the account", _ACCOUNT),
        BaleCode(21, "MaximumContactLimitReached", "the bot may not write to more people: ask Bale", _ACCOUNT),
        # The next two are no codes of Bale's: they are what a gateway says before Bale can.
        BaleCode(401, "Unauthorized", "the key is not valid: check api_key and bot_id", _ACCOUNT),
        BaleCode(403, "Forbidden", "the key may not be used here: check api_key and bot_id", _ACCOUNT),
        BaleCode(404, "NotFound", "there is no such method: check base_url", _ACCOUNT, our_bug=True),
    )
}

BY_NAME: Mapping[str, int] = {code.name.lower(): code.number for code in CODES.values()}
"""Some clients were answered by the name in place of the number."""

WITHOUT_CODE: Mapping[int, int] = {401: 401, 402: NO_CREDIT, 403: 403, 404: 404, 429: TOO_MANY}
"""The code a bare HTTP status stands for. Nothing was sent."""


def code(said: object) -> BaleCode:
    """The code of that number or name. One the document does not have may mean anything, so also that it left."""
    number = BY_NAME.get(str(said).strip().lower())
    if number is None:
        text = str(said).strip()
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    return CODES.get(number) or BaleCode(number, "", "a code its documentation does not have", Failure.UNKNOWN)
