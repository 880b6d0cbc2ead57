"""What the API of a bot may answer, and what follows from it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class BotAnswer:
    """What came of a call: its result, or a code and words, or the kind of error there was instead of an answer.

    ``maybe_done`` says that it may have been carried out although nothing says so.
    """

    result: Any = None
    code: int | None = None
    words: str = ""
    error: str | None = None
    maybe_done: bool = False
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.code is None and self.error is None

    @property
    def token_refused(self) -> bool:
        """Whether the token is worth nothing: revoked, or never one."""
        return self.code in (401, 404)

    @property
    def chat_closed(self) -> bool:
        """Whether this person is not to be written to any more: they blocked the bot, or are gone."""
        return self.code == 403 or (self.code == 400 and "chat not found" in self.words.lower())

    @property
    def limited(self) -> bool:
        return self.code == 429

    @property
    def unknown(self) -> bool:
        """Whether nobody can say if it was carried out."""
        return self.maybe_done

    def __str__(self) -> str:
        if self.taken:
            return "taken"
        return f"no answer ({self.error})" if self.code is None else f"answered {self.code}"


def read(status: int, document: Any) -> BotAnswer:
    """An answer from its HTTP status and JSON. Raises nothing: what makes no sense may have been carried out."""
    fields = document if isinstance(document, dict) else {}
    if fields.get("ok") is True and 200 <= status < 300:
        return BotAnswer(result=fields.get("result"))
    code = fields.get("error_code")
    code = code if isinstance(code, int) and not isinstance(code, bool) else status
    if fields.get("ok") is not False or code >= 500 or code < 400:
        if 400 <= status < 500:  # a proxy, or somebody else: they carried nothing out
            return BotAnswer(code=status, retry_after=_wait(fields))
        return BotAnswer(code=max(code, 500), words=_words(fields), maybe_done=True)
    return BotAnswer(code=code, words=_words(fields), retry_after=_wait(fields))


def _words(fields: dict[str, Any]) -> str:
    words = fields.get("description")
    return words[:_LONGEST_REASON] if isinstance(words, str) else ""


def _wait(fields: dict[str, Any]) -> timedelta | None:
    parameters = fields.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 10**9:
        return None
    return min(timedelta(seconds=seconds), _LONGEST_WAIT)
