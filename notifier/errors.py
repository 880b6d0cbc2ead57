"""Every error a person can meet, in one tree. An error's text says what is wrong, where, and what to do."""

from collections.abc import Sequence
from typing import Any, ClassVar

from notifier.domain.errors import NotifierError as NotifierError


class ConfigError(NotifierError):
    """The configuration cannot be used; the text names the file and the key."""


class TemplateError(NotifierError):
    """A message template is wrong; the text names the file and, where known, the line."""


class TemplateSyntaxWrong(TemplateError):
    """What is written in the text itself cannot be understood; ``line`` counts in the file."""

    def __init__(self, text: str, *, line: int) -> None:
        super().__init__(text)
        self.line = line


class UnknownVariable(TemplateError):
    """A text asks for what there is not; ``near`` is what was meant, where that can be told."""

    def __init__(self, text: str, *, line: int, names: Sequence[str], near: str = "") -> None:
        super().__init__(text)
        self.line, self.names, self.near = line, names, near


class StoreError(NotifierError):
    """The store holds something that cannot be, or a record could not be read."""


class Problem(NotifierError):
    """An answer other than success to an HTTP client, as RFC 9457 problem details."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, errors: Sequence[dict[str, Any]] = (), headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}

    @property
    def is_final(self) -> bool:
        """Whether the same request will always be refused: coming again later is no use."""
        return self.status < 500 and self.status != 429

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        body: dict[str, Any] = {"title": self.title, "status": self.status, "detail": self.detail}
        return body | ({"errors": self.errors} if self.errors else {})


class BadRequest(Problem):
    status, title = 400, "Bad request"


class NotJson(Problem):
    status, title = 400, "Not JSON"


class BadSignature(Problem):
    status, title = 401, "Signature refused"


class Unauthorized(Problem):
    status, title = 401, "Unauthorized"


class NotFound(Problem):
    status, title = 404, "Not found"


class Conflict(Problem):
    status, title = 409, "Conflict"


class WrongContentType(Problem):
    status, title = 415, "Wrong content type"


class Unprocessable(Problem):
    status, title = 422, "Not understood"


class OwnerWithoutRights(Unprocessable):
    """The shop posts its own refusal: whoever made its webhook may not read orders."""


class TooManyEvents(Problem):
    """A shop goes faster than it may: the sender must come again later."""

    status, title = 429, "Too many requests"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class StoreAway(Problem):
    """The store did not take the event: the sender must come again."""

    status, title = 503, "Store unavailable"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Overloaded(StoreAway):
    """So much waits to be stored already that the sender must come again later."""

    def __init__(self) -> None:
        super().__init__("More is waiting to be stored than we hold. Send the event again with the same id.")
