"""The HTTP application: webhooks, API, health."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.calling import Calling
from notifier.clock import Clock
from notifier.config import Config
from notifier.intake import views as webhooks
from notifier.intake.views import Source
from notifier.metrics import WEBHOOKS, Scrape
from notifier.sms.lines import Lines
from notifier.store.reading import Reader
from notifier.web.api import Api
from notifier.web.callbacks import KavenegarCallbacks
from notifier.web.calls import CallViews
from notifier.web.problems import problems
from notifier.web.tally import Tally


def create_app(
    sources: Mapping[str, Source],
    reader: Reader,
    config: Config,
    redis: Redis,
    callbacks: KavenegarCallbacks,
    lines: Lines,
    calling: Calling,
    console: web.Application,
    clock: Clock,
) -> web.Application:
    """Everything this service answers over HTTP."""
    tally = Tally(redis, clock)
    app = web.Application(middlewares=[_counted, tally.middleware(), problems], client_max_size=config.server.max_body)
    app.cleanup_ctx.append(tally.keep)
    app.add_routes(webhooks.routes(sources))
    app.add_routes(callbacks.routes())
    calls = CallViews(calling, reader)
    app.add_routes([web.get("/calendar/{staff}/{token}.ics", calls.feed)])
    app.add_subapp("/api", Api(reader, list(sources), _tokens(config), calls.routes()).app())

    async def to_console(request: web.Request) -> web.Response:
        """The console's address without its slash."""
        return web.Response(status=308, headers={"Location": "/console/"})

    app.add_routes([web.get("/console", to_console)])
    app.add_subapp("/console/", console)

    async def healthz(request: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def readyz(request: web.Request) -> web.Response:
        """The process can take events: 200, or 503 with the reason; and how each line is doing."""
        try:
            await redis.ping()
            standings = await lines.standings()
        except (RedisError, OSError) as error:
            reason = f"the store does not answer ({type(error).__name__})"
            return web.json_response({"status": "not ready", "reasons": [reason]}, status=503)
        providers = {
            line.name: {"open": not standing.on_trial, "reason": standing.reason, "credit": standing.credit}
            for line, standing in zip(lines.lines, standings, strict=True)
        }
        return web.json_response({"status": "ready", "reasons": [], "providers": providers})

    async def metrics(request: web.Request) -> web.Response:
        """For Prometheus. What lies in the store is the same from every process; the counters are this one's."""
        text = await Scrape(reader, lines, lines.lines[0].clock).text()
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


@web.middleware
async def _counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the deliveries of shops; those to no known source under one name, so that nobody can make up more."""
    response = await handler(request)
    if request.path.startswith("/webhooks/"):
        source = request.match_info.get("source", "") if response.status != 404 else ""
        WEBHOOKS.labels(source, response.status).inc()
    return response


def _tokens(config: Config) -> list[str]:
    return [token.value() for token in config.api.tokens if token.is_set]
