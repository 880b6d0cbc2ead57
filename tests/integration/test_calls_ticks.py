"""What drives everything periodic: never one job a call, and what was missed is made up for once."""

from call_fixtures import SARA
from redis.asyncio import Redis
from shops import StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import ROLES, Service


async def test_jobs_coalesce_and_none_is_too_late(config: Config, clock: StillClock, redis: Redis) -> None:
    async with Service(config, clock=clock, roles=ROLES) as service:
        jobs = service.periodic.scheduler.get_jobs()
        assert "Service._remind" in [job.name for job in jobs]
        for job in jobs:
            assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)


async def test_calls_are_no_jobs(config: Config, clock: StillClock, redis: Redis, aiohttp_client: object) -> None:
    async with Service(config, clock=clock, roles=ROLES) as service:
        await service.staff.put(SARA)
        before = len(service.periodic.scheduler.get_jobs())
        client = await aiohttp_client(service.app)  # type: ignore[operator]
        shop = StandardShop(client, clock)
        for number in range(10):
            payload = standard.event(EventType.PAID, at=clock.now(), order_id=str(number))
            assert (await shop.post(payload)).status == 202
        assert len(service.periodic.scheduler.get_jobs()) == before
