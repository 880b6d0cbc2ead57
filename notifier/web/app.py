"""The HTTP application: webhooks, API, health."""

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config
from notifier.observability.collector import Scrape
from notifier.sms.accounts import Accounts
from notifier.store.reading import Reader
from notifier.web.addresses import forgiving
from notifier.web.api import Api
from notifier.web.callbacks import KavenegarCallbacks
from notifier.web.calls import CallViews
from notifier.web.deliveries import DeliveryViews
from notifier.web.described import Answer, describe
from notifier.web.hardening import harden
from notifier.web.health import HealthViews
from notifier.web.openapi_page import Docs
from notifier.web.problems import BODY_TIMEOUT, problems
from notifier.web.proxies import forwarded
from notifier.web.webhooks import Webhooks
from scheduler.calling import Calling


def create_app(
    webhooks: Webhooks,
    reader: Reader,
    config: Config,
    redis: Redis,
    callbacks: KavenegarCallbacks,
    lines: Accounts,
    calling: Calling,
    console: web.Application,
    clock: Clock,
) -> web.Application:
    """Everything this service answers over HTTP."""
    keeper, settle = webhooks.recorder, webhooks.counters.settle
    scrape = Scrape(config=config, reader=reader, lines=lines, clock=clock, calling=calling, settle=settle)
    middlewares: list[Middleware] = [problems]
    if config.server.trusted_proxies:
        middlewares.insert(0, forwarded(config.server.trusted_proxies))
    app = web.Application(
        middlewares=middlewares,
        client_max_size=config.server.usual_body,
        handler_args={"auto_decompress": False},  # nobody need unpack what we refuse
    )
    app[BODY_TIMEOUT] = config.server.body_timeout.total_seconds()
    app.on_response_prepare.append(harden)
    from_outside = [*webhooks.routes(), *callbacks.routes()]
    app.add_routes([*from_outside, *forgiving(from_outside)])
    calls = CallViews(calling, reader)
    further = [*calls.routes(), *DeliveryViews(keeper.book, keeper.write).routes()]
    app.add_routes([web.get("/calendar/{staff}/{token}.ics", calls.feed)])
    app.add_subapp("/api", Api(reader, list(webhooks.shops), _tokens(config), further).app())

    async def to_console(request: web.Request) -> web.Response:
        """The console's address without its slash."""
        return web.Response(status=308, headers={"Location": "/console/"})

    app.add_routes([web.get("/console", to_console)])
    app.add_subapp("/console/", console)

    @describe(
        "Figures for Prometheus",
        tag="operation",
        answers={200: Answer(text="Text", media="text/plain")},
    )
    async def metrics(request: web.Request) -> web.Response:
        """What lies in the store is the same from every process; the counters are this one's."""
        return web.Response(body=await scrape.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.add_routes([*HealthViews(config, redis, lines).routes(), web.get("/metrics", metrics)])
    docs = Docs(app)
    app.add_routes(docs.routes())
    return app


def _tokens(config: Config) -> list[str]:
    return [token.value() for token in config.api.tokens if token.is_set]
