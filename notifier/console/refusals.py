"""What the console refuses, in words for the one who asked."""

from typing import ClassVar

from notifier.errors import NotifierError


class PageRefusal(NotifierError):
    """A request that is not followed; the text says why, and what to do."""

    status: ClassVar[int] = 422
    title: ClassVar[str] = "انجام نشد"

    def __init__(self, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.text, self.retry_after = text, retry_after


class Forbidden(PageRefusal):
    status, title = 403, "اجازهٔ این کار را ندارید"


class SessionOver(Forbidden):
    """Who sent this is not signed in any more."""

    title = "ورود منقضی شده است"


class Malformed(PageRefusal):
    status, title = 400, "درخواست درست نیست"


class TooLarge(PageRefusal):
    status, title = 413, "بزرگ‌تر از اندازه است"


class Missing(PageRefusal):
    status, title = 404, "پیدا نشد"


class AlreadyTaken(PageRefusal):
    status, title = 409, "دیگری پیش‌دستی کرد"


class TooMany(PageRefusal):
    status, title = 429, "کمی صبر کنید"


class Unavailable(PageRefusal):
    status, title = 503, "پایگاه داده پاسخ نمی‌دهد"


class Broken(PageRefusal):
    status, title = 500, "خطایی از ما بود"
