"""Where the application keeps its parts."""

import asyncio

from aiohttp import web

from notifier.simulator.state import Simulator

SIMULATOR = web.AppKey("simulator", Simulator)
CLOSING = web.AppKey("closing", asyncio.Event)
