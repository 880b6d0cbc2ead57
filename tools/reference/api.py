"""docs/reference/openapi.json: what a running service says of its own HTTP, for whoever has none running."""

import asyncio
import json
import tempfile

from notifier.config import shipped
from notifier.config.loading import load
from notifier.intake.standard.signature import new_secret
from notifier.service.process import WEB, Service
from notifier.web import openapi
from notifier.web.openapi_routes import DESCRIBED, POSTED


def page() -> str:
    """The whole document, of the service as it ships."""
    return json.dumps(asyncio.run(_document()), ensure_ascii=False, indent=1) + "\n"


async def _document() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "NOTIFIER__REDIS__DATA_DIR": folder,
            "NOTIFIER__SMS__PROVIDER": "simulator",
            "NOTIFIER__SOURCES__SHOP__SECRET": new_secret(),
            "NOTIFIER__SOURCES__WOO__SECRET": new_secret(),
            "NOTIFIER__CALLBACKS__TOKEN": new_secret(),
            "NOTIFIER__CUSTOMER_PAGE__ENABLED": "true",
            "NOTIFIER__API__TOKENS": json.dumps([new_secret()]),
        }
        async with Service(load(shipped.CONFIG, environment=settings), roles=[WEB]) as service:
            return openapi.document(service.app, DESCRIBED, POSTED)
