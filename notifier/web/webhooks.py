"""Around the webhooks of shops alone: what each delivery was answered is counted, and what was refused is noted down.

It stands inside the middlewares, so that no other request passes through, and has to turn errors into answers itself.
"""

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from notifier.incoming import heads
from notifier.intake.rejections import SIGNED, RejectionRecorder
from notifier.web.delivery_counters import DeliveryCounters
from notifier.web.problems import answer_to


def watched(routes: Sequence[web.RouteDef], tally: DeliveryCounters, keeper: RejectionRecorder) -> list[web.RouteDef]:
    """Routes of webhooks whose deliveries are counted and whose refused ones are kept."""
    return [web.RouteDef(one.method, one.path, _watched(one.handler, tally, keeper), one.kwargs) for one in routes]


def _watched(handler: Handler, tally: DeliveryCounters, keeper: RejectionRecorder) -> Handler:
    async def watch(request: web.Request) -> web.StreamResponse:
        try:
            heads.check(request)
            response = await handler(request)
        except Exception as error:
            response = answer_to(error, request)
        tally.count(request.match_info["source"], response.status, signed=SIGNED in request)
        keeper.look_at(request, response)
        return response

    return watch
