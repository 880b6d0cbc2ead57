"""The HTTP application: webhooks, API, health."""

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST

from notifier.config import Config
from notifier.domain import page_links
from notifier.observability.collector import Scrape
from notifier.web import bearer
from notifier.web.addresses import forgiving
from notifier.web.api import Api
from notifier.web.calls import CallViews
from notifier.web.deliveries import DeliveryViews
from notifier.web.delivery_feeds import DeliveryFeeds
from notifier.web.dependencies import WebDependencies
from notifier.web.described import DocumentedAnswer, describe
from notifier.web.door import DOOR, Door
from notifier.web.hardening import harden
from notifier.web.health import HealthViews
from notifier.web.openapi_page import Docs
from notifier.web.problems import BODY_TIMEOUT, problems
from notifier.web.proxies import forwarded, original
from notifier.web.slots import SlotViews


def create_app(deps: WebDependencies) -> web.Application:
    """Everything this service answers over HTTP."""
    config, webhooks = deps.config, deps.webhooks
    rejections = webhooks.recorder
    scrape = Scrape(
        config=config,
        reader=deps.reader,
        accounts=deps.accounts,
        clock=deps.clock,
        calling=deps.calling,
        settle=webhooks.counters.settle,
    )
    middlewares: list[Middleware] = [problems]
    as_it_came = original(config.server.trusted_proxies)
    if config.server.trusted_proxies:
        middlewares.insert(0, forwarded(as_it_came))
    app = web.Application(
        middlewares=middlewares,
        client_max_size=config.server.usual_body,
        handler_args={"auto_decompress": False},  # nobody need unpack what we refuse
    )
    app[BODY_TIMEOUT] = config.server.body_timeout.total_seconds()
    app.on_response_prepare.append(harden)
    app[DOOR] = Door(webhooks.by_address(), as_it_came)
    callbacks = [
        *deps.callbacks.routes(),
        *deps.reports.routes(),
        *deps.carriers.routes(),
        *deps.bots.routes(),
        *deps.dialer.routes(),
    ]
    from_outside = [*webhooks.routes(), *callbacks]
    app.add_routes([*from_outside, *forgiving(from_outside)])
    calls = CallViews(deps.calling, deps.reader)
    slots = SlotViews(deps.agreeing, {*config.regions.cities, config.regions.default})
    further = [*calls.routes(), *slots.routes(), *DeliveryViews(rejections.book, rejections.write).routes()]
    app.add_routes([web.get("/calendar/{staff}/{token}.ics", calls.feed)])
    app.add_routes(DeliveryFeeds(deps.calling, deps.reader).routes())
    app.add_subapp("/api", _api(deps, further).app())

    async def to_console(request: web.Request) -> web.Response:
        """The console's address without its slash."""
        return web.Response(status=308, headers={"Location": "/console/"})

    app.add_routes([web.get("/console", to_console)])
    app.add_subapp("/console/", deps.console)
    if deps.customer_page is not None:
        app.add_subapp(page_links.PATH, deps.customer_page)

    token = config.metrics.token

    @describe(
        "Figures for Prometheus",
        tag="operation",
        text="With `[metrics] token` in the configuration only for who holds it.",
        answers={200: DocumentedAnswer(text="Text", media="text/plain")},
    )
    async def metrics(request: web.Request) -> web.Response:
        """What lies in the store is the same from every process; the counters are this one's."""
        if token is not None:
            bearer.require(request, [token.value()], "the token of [metrics]")
        return web.Response(body=await scrape.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    health = HealthViews(config, deps.reader.redis, deps.accounts, deps.weaknesses)
    app.add_routes([*health.routes(), web.get("/metrics", metrics)])
    docs = Docs(app)
    app.add_routes(docs.routes())
    return app


def _api(deps: WebDependencies, further: Collection[web.RouteDef]) -> Api:
    shops, tokens = list(deps.webhooks.shops), _tokens(deps.config)
    return Api(deps.reader, shops, tokens, further, pages=deps.config.customer_page.enabled)


def _tokens(config: Config) -> list[str]:
    return [token.value() for token in config.api.tokens if token.is_set]
