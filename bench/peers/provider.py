"""A provider that takes everything: Kavenegar's `sms/send` and `sms/sendarray`, answered after a set time.

``GET /seen`` tells what came so far: how many texts, and of each receptor when (unix seconds).
"""

import asyncio
import json
import sys
import time
from itertools import count

import uvloop
from aiohttp import web

TAKEN = {"status": 200, "message": "تایید شد"}
STATUS = {"status": 1, "statustext": "در صف ارسال", "cost": 2000}


async def main() -> None:
    port, delay = int(sys.argv[1]), float(sys.argv[2])
    numbers, seen = count(10**9), dict[str, float]()

    def entry(receptor: str, text: str, sender: str, at: float) -> dict[str, object]:
        seen[receptor] = at
        known = {"message": text, "sender": sender, "receptor": receptor, "date": int(at)}
        return {"messageid": next(numbers), **STATUS, **known}

    async def answer(request: web.Request) -> web.Response:
        at, form = time.time(), await request.post()
        receptors, texts, senders = (
            json.loads(str(form[name])) if str(form["receptor"]).startswith("[") else [str(form[name])]
            for name in ("receptor", "message", "sender")
        )
        entries = [entry(*one, at) for one in zip(receptors, texts, senders, strict=True)]
        if delay:
            await asyncio.sleep(delay)
        return web.json_response({"return": TAKEN, "entries": entries})

    async def told(request: web.Request) -> web.Response:
        return web.json_response({"count": len(seen), "seen": seen if "all" in request.query else {}})

    async def nothing(request: web.Request) -> web.Response:
        return web.json_response({"return": TAKEN, "entries": {"remaincredit": 10**10}})

    app = web.Application(client_max_size=2**24)
    app.router.add_get("/seen", told)
    for path in ("/v1/{key}/sms/send.json", "/v1/{key}/sms/sendarray.json"):
        app.router.add_post(path, answer)
    app.router.add_route("*", "/v1/{key}/{other:.*}", nothing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


uvloop.run(main())
