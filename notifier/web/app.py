"""The HTTP application: webhooks, API, health."""

from collections.abc import Mapping

from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.config import Config
from notifier.intake import views as webhooks
from notifier.intake.views import Source
from notifier.store.reading import Reader
from notifier.web.api import Api
from notifier.web.problems import problems


def create_app(sources: Mapping[str, Source], reader: Reader, config: Config, redis: Redis) -> web.Application:
    """Everything this service answers over HTTP."""
    app = web.Application(middlewares=[problems], client_max_size=config.server.max_body)
    app.add_routes(webhooks.routes(sources))
    app.add_subapp("/api", Api(reader, list(sources), _tokens(config)).app())

    async def healthz(request: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def readyz(request: web.Request) -> web.Response:
        """The process can take events: 200, or 503 with the reason."""
        try:
            await redis.ping()
        except (RedisError, OSError) as error:
            reason = f"the store does not answer ({type(error).__name__})"
            return web.json_response({"status": "not ready", "reasons": [reason]}, status=503)
        return web.json_response({"status": "ready", "reasons": []})

    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    return app


def _tokens(config: Config) -> list[str]:
    return [token.value() for token in config.api.tokens if token.is_set]
