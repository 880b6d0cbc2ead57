"""What stands before every page: the session, the token of every change, and what the browser may load."""

import contextlib
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import MultiDict
from redis.exceptions import RedisError

from notifier.config.loopback import is_loopback
from notifier.console import returning
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Broken, Forbidden, Missing, PageRefusal, SessionOver, TooLarge, Unavailable
from notifier.console.sessions import Session, holds
from notifier.domain import phones
from notifier.errors import NotifierError, Problem
from notifier.incoming import forms
from notifier.incoming.forms import PostedFile
from notifier.incoming.heads import host_of
from notifier.store import audit
from notifier.store.audit import STRANGER, Act
from notifier.store.staff import Role, Staff

log = structlog.get_logger()

COOKIE = "console"
SCRIPT, LEADS_TO = "X-Console-Script", "X-Leads-To"
"""What a script of ours sends forms with, and where its answer says that it leads."""

SESSION, STAFF, FORM, POSTED, FILES = (
    web.RequestKey("session", Session),
    web.RequestKey("staff", Staff),
    web.RequestKey("form", dict[str, str]),
    web.RequestKey("posted", MultiDict[str]),
    web.RequestKey("files", dict[str, PostedFile]),
)

NOT_YOURS = "این از فروشگاهی است که به شما سپرده نشده است. اگر به آن نیاز دارید از سرپرست خود بخواهید."

_PUBLIC = ("/console/login", "/console/static/")
_BEFORE_ENROLMENT = ("/console/me/second-factor", "/console/me/password", "/console/logout")
_OF_COURIERS = frozenset({"/console/courier", "/console/courier/print", "/console/courier/ticks"})
_OWN = frozenset({"/console/me", "/console/logout", "/console/logout/everywhere"})
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_LARGEST = "largest_form"

Takes = TypeVar("Takes", bound=Callable[..., Awaitable[web.StreamResponse]])

Page = Callable[[web.Request, PageRefusal], web.Response]


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer; to be called before it is sent."""
    response.headers.update(_HEADERS)
    if not request.path.startswith("/console/static/"):
        response.headers["Cache-Control"] = "no-store"


def middleware(deps: Dependencies, page: Page) -> Middleware:
    """Let in who is signed in, refuse what did not come from our own forms, and show refusals as pages."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.path.startswith(_PUBLIC):
                if request.method not in ("GET", "HEAD"):
                    require_same_site(request)
                return await handler(request)
            if not await _admitted(request, deps):
                return _to_login(request)
            if _owes_second_factor(request, deps):
                return _to_enrolment(request)
            if request[STAFF].role is Role.COURIER and not _is_for_couriers(request.path):
                return _to_courier_list(request)
            if request.method not in ("GET", "HEAD"):
                await _require_token(request)
            _require_theirs(request)
            return _for_scripts(request, await handler(request))
        except SessionOver as refused:
            await _write_down(request, deps)
            answer = page(request, refused)
            returning.remember(request, answer, expired=True, secure=secure(request))
            return answer
        except Forbidden as refused:
            await _write_down(request, deps)
            return page(request, refused)
        except PageRefusal as refused:
            return page(request, refused)
        except Problem:  # the middleware around this one answers it
            raise
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return page(request, Missing("چنین صفحه‌ای نیست؛ شاید نشانی را جابه‌جا نوشته‌اید."))
        except (RedisError, OSError) as error:
            log.warning("store unreachable", action="store_away", error=type(error).__name__, path=request.path)
            return page(request, Unavailable("چند لحظه دیگر دوباره امتحان کنید؛ چیزی از دست نرفته است."))
        except Exception:
            log.exception("page failed", action="page_failed", method=request.method, path=request.path)
            return page(request, Broken("در گزارش‌ها نوشته شد. دوباره امتحان کنید؛ اگر ماند به مسئول فنی بگویید."))

    return guard


def takes_files(largest: int) -> Callable[[Takes], Takes]:
    """Let a page's form bring files, with so many bytes in all; other forms bring none."""

    def marked(page: Takes) -> Takes:
        setattr(page, _LARGEST, largest)
        return page

    return marked


def secure(request: web.Request) -> bool:
    """Whether cookies are to travel over TLS only: always, but without TLS on this very machine."""
    return request.secure or not is_loopback(host_of(request))


def require_same_site(request: web.Request) -> None:
    """Refuse what a page of another site sent. Raises Forbidden."""
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
        origin not in (None, "null") and urlsplit(origin).netloc != request.host
    ):
        raise Forbidden("این درخواست از سایت دیگری آمده است.")


def require_supervisor(request: web.Request) -> None:
    """Raises Forbidden."""
    if request[STAFF].role is not Role.SUPERVISOR:
        raise Forbidden("این صفحه ویژهٔ سرپرست است. اگر به آن نیاز دارید از سرپرست خود بخواهید.")


def _require_theirs(request: web.Request) -> None:
    """Refuse what is about an order of a shop whose customers others see to. Raises Forbidden."""
    source = request.match_info.get("source")
    if source and not request[STAFF].serves({source}):
        raise Forbidden(NOT_YOURS)


def home_of(staff: Staff) -> str:
    """The page that somebody begins with."""
    return "/console/courier" if staff.role is Role.COURIER else "/console/"


def _is_for_couriers(path: str) -> bool:
    """A courier has no calls, so there is nothing to tell them of."""
    not_theirs = ("/console/me/push", "/console/me/channels")
    is_own = path in _OWN or (path.startswith("/console/me/") and not path.startswith(not_theirs))
    return path in _OF_COURIERS or is_own


def _to_courier_list(request: web.Request) -> web.Response:
    """From the console's front door a courier is shown in; at all others they are told that these are not theirs."""
    if request.method in ("GET", "HEAD") and request.path == "/console/":
        return web.Response(status=303, headers={"Location": "/console/courier"})
    raise Forbidden("حساب پیک فقط فهرست تحویل امروز را می‌بیند؛ این صفحه از آنِ پشتیبانی است.")


async def _admitted(request: web.Request, deps: Dependencies) -> bool:
    token = request.cookies.get(COOKIE)
    session = await deps.sessions.find(token) if token else None
    if session is None:
        return False
    staff = await deps.calling.staff.get(session.staff)
    if staff is None or not holds(session, staff):
        await deps.sessions.end(session)
        return False
    request[SESSION], request[STAFF] = session, staff
    return True


def must_have_second_factor(staff: Staff, deps: Dependencies) -> bool:
    """Whether the configuration wants a second factor of somebody."""
    wanted = deps.config.console.second_factor
    return wanted == "all" or (wanted == "supervisors" and staff.role is Role.SUPERVISOR)


def _owes_second_factor(request: web.Request, deps: Dependencies) -> bool:
    """Whether somebody has to set up a second factor before they may do anything else."""
    staff = request[STAFF]
    if staff.second is not None or request.path == "/console/me" or request.path.startswith(_BEFORE_ENROLMENT):
        return False
    return must_have_second_factor(staff, deps)


def _to_enrolment(request: web.Request) -> web.Response:
    if request.headers.get("HX-Request"):
        return web.Response(status=403, headers={"HX-Redirect": "/console/me"})
    if request.method in ("GET", "HEAD"):
        return web.Response(status=303, headers={"Location": "/console/me"})
    raise Forbidden("نخست ورود دومرحله‌ای را در صفحهٔ حساب خودتان فعال کنید.")


async def _write_down(request: web.Request, deps: Dependencies) -> None:
    """Somebody tried what they may not. A store that is away keeps nobody from being told so."""
    by = request[STAFF].id if STAFF in request else STRANGER
    where = phones.mask_phones_in(f"{request.method} {request.path[:200]}")
    with contextlib.suppress(RedisError, OSError, NotifierError):
        await audit.write_some(deps.redis, deps.entry(Act.REFUSED, by, about=where, more=request.remote or ""))


def _to_login(request: web.Request) -> web.Response:
    if request.headers.get("HX-Request") or SCRIPT in request.headers:
        return web.Response(status=401)  # the page says so, and keeps what is being typed
    if request.method in ("GET", "HEAD"):
        answer = web.Response(status=303, headers={"Location": "/console/login"})
        returning.remember(request, answer, expired=COOKIE in request.cookies, secure=secure(request))
        return answer
    raise SessionOver(
        "ورود شما منقضی شده است؛ دوباره وارد شوید. آنچه فرستادید ثبت نشد؛ متنی که نوشته‌اید روی همین دستگاه مانده است."
    )


def _for_scripts(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """A script that sent a form is told where its answer leads, and goes there itself."""
    if answer.status != 303 or SCRIPT not in request.headers:
        return answer
    return web.Response(status=204, headers={LEADS_TO: answer.headers["Location"]})


async def posted(request: web.Request) -> MultiDict[str]:
    """The form of a request. Raises Refused when its body is none."""
    if POSTED not in request:
        try:
            largest: int = getattr(request.match_info.handler, _LARGEST, forms.LARGEST)
            fields, files = await forms.received(request, largest=largest)
            request[POSTED], request[FILES] = MultiDict(fields), files
        except web.HTTPRequestEntityTooLarge:
            raise TooLarge("آنچه فرستادید بزرگ‌تر از آن است که در این فرم جا شود؛ متن یا فایل را کوچک‌تر کنید.") from None
        except (ValueError, TimeoutError, web.RequestPayloadError):
            raise PageRefusal("این فرم خوانده نشد. صفحه را تازه کنید و دوباره بفرستید.") from None
    return request[POSTED]


async def _require_token(request: web.Request) -> None:
    require_same_site(request)
    form = dict((await posted(request)).items())
    given: str = form.get("csrf") or request.headers.get("X-CSRF-Token") or ""
    if not compare_digest(given.encode(errors="replace"), request[SESSION].csrf.encode()):
        raise Forbidden("این فرم کهنه شده است. صفحه را تازه کنید و دوباره بفرستید.")
    request[FORM] = form
