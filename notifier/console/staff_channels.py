"""How somebody is told of calls: their own order of the channels, and the bots that are bound to their account."""

from dataclasses import dataclass

from aiohttp import web
from msgspec.structs import replace

from notifier.channels.bots.bindings import LASTS, BotBindings
from notifier.channels.ladder import ladder, raised
from notifier.channels.web_push.subscriptions import PushSubscriptions
from notifier.config.staff import BotConfig
from notifier.console import calendar_feed
from notifier.console.accounts import allow_guess
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, must_have_second_factor
from notifier.domain.channels import BOTS, StaffChannel
from notifier.store.audit import Act
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork

_CODES = "bot-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A channel as the page of one's own account shows it. ``works`` is None where nothing need be done for it."""

    kind: StaffChannel
    works: bool | None
    is_bot: bool
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeShown:
    """A code to be sent to a bot, which is shown once."""

    kind: StaffChannel
    code: str
    link: str
    minutes: int


def available(deps: Dependencies) -> set[StaffChannel]:
    """The channels that there are in this shop."""
    push = {StaffChannel.PUSH} if deps.push_key else set[StaffChannel]()
    return {StaffChannel.SMS, *deps.config.staff.channels.bots, *push}


async def rows(deps: Dependencies, staff: Staff) -> list[ChannelRow]:
    """Somebody's channels in the order in which they are tried; empty where there is nothing to order."""
    there = available(deps)
    if len(there) == 1:
        return []
    bots, bound = deps.config.staff.channels.bots, await BotBindings(deps.redis).of(staff)
    pushed = bool(deps.push_key and await PushSubscriptions(deps.redis).of(staff))
    order = ladder(staff.channels, deps.config.staff.channels.order, there)
    return [
        ChannelRow(
            kind=kind,
            works=kind in bound if kind in BOTS else pushed if kind is StaffChannel.PUSH else None,
            is_bot=kind in BOTS,
            link=bots[kind].link if kind in bots else "",
        )
        for kind in order
    ]


class StaffChannelPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/me/channels/order", self.order),
            web.post("/me/channels/{kind}/code", self.code),
            web.post("/me/channels/{kind}/unbind", self.unbind),
        ]

    async def order(self, request: web.Request) -> web.Response:
        """One channel a place earlier."""
        me, deps = request[STAFF], self._deps
        up = request[FORM].get("up", "")
        there = available(deps)
        if up not in there:
            raise PageRefusal("این راه خبر در این فروشگاه نیست؛ صفحه را تازه کنید.")

        def ordered(one: Staff, unit: UnitOfWork) -> Staff:
            now = ladder(one.channels, deps.config.staff.channels.order, there)
            after = raised(now, StaffChannel(up))
            deps.entry(Act.CHANNELS_ORDERED, me.id, about=me.id, more=" ".join(after)).keep(unit)
            return replace(one, channels=tuple(after))

        await deps.calling.staff.change(me.id, ordered)
        return _back()

    async def code(self, request: web.Request) -> web.Response:
        """A code for the bot, on the page that it was asked for on, once."""
        me, deps = request[STAFF], self._deps
        kind, bot = self._bot(request)
        await allow_guess(deps, f"{_CODES}-{kind}", me.id, request.remote or "")
        unit = UnitOfWork()
        deps.entry(Act.BOT_CODE, me.id, about=me.id, more=kind).keep(unit)
        code = await BotBindings(deps.redis).new_code(kind, me, deps.clock.now(), unit)
        shown = CodeShown(
            kind=kind,
            code=code,
            link=f"{bot.link}?start={code}" if bot.link else "",
            minutes=int(LASTS.total_seconds() // 60),
        )
        return await me_page(deps, self._render, request, code=shown)

    async def unbind(self, request: web.Request) -> web.Response:
        """Have the bot write to them no more."""
        me = request[STAFF]
        kind, _ = self._bot(request)
        if await BotBindings(self._deps.redis).unbind(kind, me.id, self._deps.clock.now(), by=me.id):
            await self._deps.sessions.tell(request[SESSION], "اتصال قطع شد.")
        return _back()

    def _bot(self, request: web.Request) -> tuple[StaffChannel, BotConfig]:
        for kind, bot in self._deps.config.staff.channels.bots.items():
            if kind == request.match_info["kind"]:
                return kind, bot
        raise Missing("این ربات در این فروشگاه نیست.")


async def me_page(
    deps: Dependencies, render: Renderer, request: web.Request, *, code: CodeShown | None = None
) -> web.Response:
    """The page of one's own account."""
    me = request[STAFF]
    owes = me.second is None and must_have_second_factor(me, deps)  # and may read nothing of customers until then
    browsers = len(await PushSubscriptions(deps.redis).of(me)) if deps.push_key else 0
    return await render.page(
        request,
        "me.html",
        must=must_have_second_factor(me, deps),
        push_browsers=browsers,
        owes=owes,
        channels=await rows(deps, me) if me.makes_calls and not owes else [],
        code=code,
        feed=calendar_feed.address(deps, request, me),
    )


def _back() -> web.Response:
    return web.Response(status=303, headers={"Location": "/console/me#channels"})
