"""The support console, put together: to be mounted at /console."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from notifier import tasks
from notifier.console import statics
from notifier.console.absence import AbsencePages
from notifier.console.alerts import AlertPages
from notifier.console.audit import Audit
from notifier.console.bank_lines import BankLinePages
from notifier.console.calendar_feed import CalendarFeedPages
from notifier.console.callbacks import CallbackPages
from notifier.console.calls import Calls
from notifier.console.consent import Consent
from notifier.console.conversation import Conversations
from notifier.console.courier import CourierPages
from notifier.console.dashboard import Dashboard
from notifier.console.deliveries import Deliveries
from notifier.console.delivery_pages import DeliveryTimes
from notifier.console.dependencies import Dependencies
from notifier.console.deposits import DepositPages
from notifier.console.desk import SupervisorDesk
from notifier.console.dialler import DialPages
from notifier.console.live import Live
from notifier.console.me import Me
from notifier.console.orders import Orders
from notifier.console.owner import OwnerPage
from notifier.console.page_address import PageAddress
from notifier.console.people import People
from notifier.console.promises import PromisePages
from notifier.console.push import PushPages
from notifier.console.render import Renderer
from notifier.console.security import harden, middleware
from notifier.console.signin import SignIn
from notifier.console.staff_channels import StaffChannelPages
from notifier.console.statements import StatementPages
from notifier.console.text_editing import TextEditing
from notifier.console.texts import TextPages
from notifier.console.tour import Tour
from notifier.console.tracking_codes import TrackingCodes
from notifier.console.waiting import WaitingPages


def create_console(deps: Dependencies) -> web.Application:
    """Every page of the console."""
    render, live = Renderer(deps), Live(deps)
    app = web.Application(middlewares=[middleware(deps, render.refusal)])
    for pages in (
        SignIn,
        Calls,
        DialPages,
        CallbackPages,
        Orders,
        DeliveryTimes,
        DepositPages,
        BankLinePages,
        StatementPages,
        CourierPages,
        Conversations,
        Consent,
        WaitingPages,
        SupervisorDesk,
        AlertPages,
        AbsencePages,
        Deliveries,
        Me,
        PushPages,
        StaffChannelPages,
        CalendarFeedPages,
        People,
        Dashboard,
        OwnerPage,
        Tour,
        TextEditing,
        TextPages,
        PromisePages,
        TrackingCodes,
        PageAddress,
        Audit,
    ):
        app.add_routes(pages(deps, render).routes())
    app.add_routes(live.routes())
    app.add_routes(statics.routes())
    app.on_response_prepare.append(harden)
    app.on_shutdown.append(live.close)
    app.cleanup_ctx.append(partial(_compiling, render))
    return app


async def _compiling(render: Renderer, app: web.Application) -> AsyncIterator[None]:
    """Pages are made ready beside the start, or the first visit of each would wait for it."""
    task = asyncio.create_task(render.compile_all(), name="compile pages")
    yield
    await tasks.end(task)
