"""The page of one order: shown to whoever has its address, and what they answer taken as news from its shop."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec.structs import replace
from redis.exceptions import RedisError

from notifier.clock import TEHRAN
from notifier.customer_page import answering, forms
from notifier.customer_page.answering import AnswerMistake
from notifier.customer_page.dependencies import PageDependencies
from notifier.customer_page.forms import FormKeys, PageForm
from notifier.customer_page.lookup import FoundPage, page_of
from notifier.customer_page.pace import FormPace, GuessPace
from notifier.customer_page.render import HEADERS, PageRenderer
from notifier.customer_page.standing import CustomerAnswer, PageStanding, standing
from notifier.domain.calls import Purpose
from notifier.domain.events import Event, EventType
from notifier.domain.orders import Order
from notifier.domain.parcels import Trail
from notifier.domain.slots import SlotRefusal
from notifier.errors import StoreAway
from notifier.incoming.forms import LARGEST as LARGEST_FORM
from notifier.intake.agreeing import FreeSlot, SlotRefused
from notifier.intake.delivery import Delivery, Unchanged
from notifier.store import receipts
from notifier.store.receipts import NotAPicture, ReceiptPictures
from notifier.store.records import ms

log = structlog.get_logger()

_WITH_PICTURE = receipts.LARGEST + LARGEST_FORM  # bytes
_MOST_PICTURES = 10  # of one order; the support desk may add more
_SEEN = 40  # characters of a time as the page had it
_TOLD = (Purpose.COORDINATION, Purpose.ARRANGE_PAYMENT, Purpose.PAYMENT_HELP, Purpose.CALLBACK)
"""Calls that a customer is told of beforehand."""

_DONE: Mapping[CustomerAnswer, tuple[EventType, str]] = {
    CustomerAnswer.TIME: (EventType.DELIVERY_AGREED, "زمان تحویل ثبت شد."),
    CustomerAnswer.PAID: (EventType.DEPOSIT_REPORTED, "خبر واریز شما ثبت شد؛ پس از بررسی، نتیجه را خبر می‌دهیم."),
    CustomerAnswer.CALL: (EventType.CALLBACK_REQUESTED, "درخواست شما ثبت شد؛ با شما تماس می‌گیریم."),
    CustomerAnswer.RETURN: (EventType.RETURN_REQUESTED, "درخواست برگشت کالا ثبت شد؛ با شما تماس می‌گیریم."),
    CustomerAnswer.MARK: (EventType.RATED, "نمرهٔ شما ثبت شد؛ سپاسگزاریم."),
}
_CLOSED: Mapping[CustomerAnswer, str] = {
    CustomerAnswer.PAID: "این سفارش منتظر خبر واریز نیست؛ شاید پیش‌تر خبر داده‌اید.",
    CustomerAnswer.CALL: "این درخواست دیگر ممکن نیست؛ با پشتیبانی تماس بگیرید.",
    CustomerAnswer.RETURN: "برگشت این کالا از این‌جا ممکن نیست؛ شاید پیش‌تر خواسته‌اید یا مهلت آن گذشته است.",
    CustomerAnswer.MARK: "پس از تحویل سفارش می‌توانید نمره بدهید.",
}
_STALE = "این صفحه کهنه شده بود و چیزی ثبت نشد. نوشته‌های شما این‌جاست؛ دوباره بفرستید."
_TOO_LARGE = "آنچه فرستادید بزرگ‌تر از اندازه است؛ عکس کوچک‌تری انتخاب کنید."
_UNREADABLE = "فرم خوانده نشد و چیزی ثبت نشد؛ دوباره بفرستید."
_OFTEN = "چند فرم را پشت سر هم فرستاده‌اید؛ چند دقیقه دیگر دوباره بفرستید. نوشته‌های شما این‌جاست."
_AWAY = "همین حالا نشد و چیزی ثبت نشد. نوشته‌های شما این‌جاست؛ چند لحظه دیگر دوباره بفرستید."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows beside its order: a sentence, or what was wrong in which form, and what had been typed."""

    status: int = 200
    told: str = ""
    mistake: str = ""
    answer: CustomerAnswer | None = None
    where: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    wait: int = 0


class CustomerPageViews:
    def __init__(self, deps: PageDependencies) -> None:
        self._deps, self._render, self._keys = deps, PageRenderer(), FormKeys(deps.secret)
        self._pace, self._guesses = FormPace(deps.reader.redis), GuessPace()
        self._receipts = ReceiptPictures(deps.config.redis.data_dir)

    def app(self) -> web.Application:
        """To be mounted where the pages lie."""
        app = web.Application(middlewares=[self._friendly])
        app.add_routes([web.get("/{token}", self.show), web.post("/{token}/{answer}", self.take)])
        app.on_response_prepare.append(_harden)
        return app

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The page. Looking changes nothing: messengers look at every address they are sent."""
        found = await page_of(self._deps.reader, request.match_info["token"])
        if found is None:
            return self._gone(request)
        log.debug("page shown", action="customer_page", source=found.order.source, order=found.order.id)
        said = request.query.get("said", "")
        return await self._page(request, found, Shown(told=_confirmed(said, found.order)))

    async def take(self, request: web.Request) -> web.StreamResponse:
        """One form of the page."""
        token, named = request.match_info["token"], request.match_info["answer"]
        found = await page_of(self._deps.reader, token)
        if found is None or named not in frozenset(CustomerAnswer):
            return self._gone(request)
        answer = CustomerAnswer(named)
        wait = await self._pace.wait(found.name, request.remote or "")
        try:
            form = await forms.received(request, largest=_largest(answer) if not wait else LARGEST_FORM)
        except web.HTTPRequestEntityTooLarge:
            return await self._page(request, found, Shown(429 if wait else 413, mistake=_TOO_LARGE, answer=answer))
        except (ValueError, TimeoutError, web.RequestPayloadError):
            return await self._page(request, found, Shown(400, mistake=_UNREADABLE, answer=answer))
        typed = Shown(answer=answer, typed=form.fields)
        if wait:
            return await self._page(request, found, _but(typed, 429, _OFTEN, wait=wait))
        once = self._keys.once(token, form.fields)
        if once is None or forms.is_from_elsewhere(request, self._deps.config.customer_page.base):
            return await self._page(request, found, _but(typed, 403, _STALE))
        try:
            if answer is CustomerAnswer.TIME:
                await self._agree(found, form)
                return self._done(token, answer)
            event = answering.event_of(answer, form.fields, found.order, self._deps.clock.now(), once=once)
            taken = await self._take(found, answer, event, form)
        except AnswerMistake as mistake:
            found = await page_of(self._deps.reader, token) or found  # what was seen may not be so any more
            return await self._page(request, found, _but(typed, 422, mistake.sentence, where=mistake.field))
        except (StoreAway, RedisError):
            return await self._page(request, found, _but(typed, 503, _AWAY, wait=5))
        if not taken:
            again = await page_of(self._deps.reader, token)
            return await self._page(request, again, _but(typed, 409, _CLOSED[answer])) if again else self._gone(request)
        return self._done(token, answer)

    def _done(self, token: str, answer: CustomerAnswer) -> web.Response:
        return web.Response(status=303, headers={"Location": f"/o/{token}?said={answer}#told"})

    async def _agree(self, found: FoundPage, form: PageForm) -> None:
        """Have the time agreed upon that was chosen. Raises AnswerMistake where it cannot be."""
        agreed = answering.chosen_time(form.fields)
        if CustomerAnswer.TIME not in self._standing(found.order).answers and found.order.delivery != agreed:
            raise AnswerMistake(answering.REFUSED_TIMES[SlotRefusal.CLOSED], "slot")
        try:
            await self._deps.agreeing.agree(found.order, agreed, by=None, seen=form.fields.get("seen", "")[:_SEEN])
        except SlotRefused as refused:
            if found.order.delivery != agreed:
                raise AnswerMistake(answering.REFUSED_TIMES[refused.why], "slot") from None

    async def _take(self, found: FoundPage, answer: CustomerAnswer, event: Event, form: PageForm) -> bool:
        """Have the news committed; false where the order, as it is by then, does not take it."""
        order, picture = found.order, ""
        if answer is CustomerAnswer.PAID and form.picture and answer in self._standing(order).answers:
            picture = await self._picture(order, form.picture)
            event = replace(event, extra={**event.extra, "picture": picture})

        def news(stored: Order | None) -> list[Event]:
            open_ = stored is not None and stored.page_token == order.page_token
            return [event] if open_ and stored and answer in self._standing(stored).answers else []

        try:
            outcome = await self._deps.submit(
                Delivery(
                    source=order.source,
                    event_id=event.id,
                    digest=event.id,
                    order_id=order.id,
                    phone=None,
                    events=news,
                )
            )
        except BaseException:
            await self._drop(order, picture)
            raise
        if isinstance(outcome, Unchanged):
            await self._drop(order, picture)
            return False
        return True

    async def _picture(self, order: Order, content: bytes) -> str:
        """The picture of a receipt, kept beside those of the support desk; what it is called."""
        try:
            return await asyncio.to_thread(self._receipts.keep, order.source, order.id, content, most=_MOST_PICTURES)
        except NotAPicture:
            raise AnswerMistake(
                "این فایل عکس نیست یا بزرگ است. عکسی از رسید تا ۴ مگابایت انتخاب کنید، یا بدون عکس بفرستید.",
                "picture",
            ) from None

    async def _drop(self, order: Order, picture: str) -> None:
        if picture:
            await asyncio.to_thread(self._receipts.drop, order.source, order.id, picture)

    def _standing(
        self, order: Order, *, call_at: datetime | None = None, trails: Mapping[str, Trail] | None = None
    ) -> PageStanding:
        shops, slots = self._deps.rulebook().shops, self._deps.agreeing.serves(order)
        return standing(order, shops, self._deps.clock.now(), call_at=call_at, slots=slots, trails=trails)

    async def _page(self, request: web.Request, found: FoundPage, shown: Shown) -> web.Response:
        order, now, rulebook = found.order, self._deps.clock.now(), self._deps.rulebook()
        once, key = self._keys.new(request.match_info["token"])
        page = self._standing(order, call_at=await self._call_at(found), trails=found.trails)
        return self._render.page(
            "page.html",
            rulebook.shops.of(order.source),
            status=shown.status,
            wait=shown.wait,
            slots=answering.slot_choices(await self._offered(order, page)),
            page=page,
            seen=str(order.delivery or ""),
            choices=answering.choices(now, rulebook.working_time),
            at=f"/o/{request.match_info['token']}",
            once=once,
            key=key,
            shown=shown,
            longest_reason=answering.LONGEST_REASON,
            longest_reference=answering.LONGEST_REFERENCE,
        )

    async def _offered(self, order: Order, page: PageStanding) -> list[FreeSlot]:
        return await self._deps.agreeing.offered_for(order) if CustomerAnswer.TIME in page.answers else []

    async def _call_at(self, found: FoundPage) -> datetime | None:
        """Until when the customer is going to be phoned, of the calls that they are told of."""
        planned = [call for purpose in _TOLD for call in found.order.open_calls.get(purpose, {})]
        if not planned:
            return None
        calls = await self._deps.reader.calls([(found.keys, call) for call in planned])
        now = ms(self._deps.clock.now())
        until = [one.call.late for one in calls if one.call.is_open and one.call.late > now]
        return datetime.fromtimestamp(min(until) / 1000, TEHRAN) if until else None

    def _gone(self, request: web.Request) -> web.Response:
        """One page for whatever leads nowhere: a token that never was, that is no more, or half of one."""
        wait = self._guesses.wait(request.remote or "", self._deps.clock.now().timestamp())
        shop = self._deps.rulebook().shops.main
        return self._render.page("gone.html", shop, status=429 if wait else 404, wait=wait, away=False)

    @web.middleware
    async def _friendly(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whatever goes wrong is told in the customer's words, and nothing of the address is written down."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status in (404, 405):
                answer = self._gone(request)
                if error.status == 405:
                    answer.set_status(405)
                    answer.headers["Allow"] = error.headers.get("Allow", "GET, HEAD")
                return answer
            raise
        except ConnectionError:
            if request.transport is None:  # whoever asked is gone
                raise
            return self._away(503)
        except (StoreAway, RedisError, OSError) as error:
            log.warning("store unreachable", action="store_away", error=type(error).__name__, path="/o/***")
            return self._away(503)
        except Exception:
            log.exception("page failed", action="page_failed", method=request.method, path="/o/***")
            return self._away(500)

    def _away(self, status: int) -> web.Response:
        return self._render.page("gone.html", self._deps.rulebook().shops.main, status=status, wait=5, away=True)


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _confirmed(said: str, order: Order) -> str:
    """What is confirmed of what was just said: nothing that did not happen, whatever an address says."""
    if said not in frozenset(CustomerAnswer):
        return ""
    kind, told = _DONE[CustomerAnswer(said)]
    happened = order.delivery if said == CustomerAnswer.TIME else order.happened(kind)
    return told if happened is not None else ""


def _largest(answer: CustomerAnswer) -> int:
    return _WITH_PICTURE if answer is CustomerAnswer.PAID else LARGEST_FORM


def _but(shown: Shown, status: int, mistake: str, *, where: str = "", wait: int = 0) -> Shown:
    return Shown(status, mistake=mistake, answer=shown.answer, where=where, typed=shown.typed, wait=wait)
