"""A Redis Cluster: each command goes to the node that has its slot, and what may not be repeated never is.

redis-py follows redirects, which say that nothing was done; a lost answer is raised, and the map of slots is drawn anew
so that what comes next finds the replica that took over.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from hiredis import pack_command
from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.commands import AsyncCoreCommands
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisClusterException,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from notifier.store import connections
from notifier.store.replicas import Replicas, TooFewReplicas

Command = tuple[str | bytes | int | float, ...]

_REDIRECTS = 8
_TRY_AGAIN = 0.05  # seconds after which a slot that is being moved is asked again


class Cluster(RedisCluster):
    """A client of a cluster that can be used like that of one server. The keys of a transaction lie in one slot."""

    replicas = Replicas()

    async def initialize(self, *args: Any, **kwargs: Any) -> Self:
        with _told_as_lost():
            await super().initialize(*args, **kwargs)
        return self

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        with _told_as_lost():
            return await super().execute_command(*args, **kwargs)

    async def ping(self, **kwargs: Any) -> bool:
        """Whether every primary answers: each has a part of the customers."""
        await self.initialize()
        await super().ping(target_nodes=self.PRIMARIES, **kwargs)
        return True

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        return Pipeline(self, transaction=bool(transaction))

    async def many(self, commands: Sequence[Command], *, safely: bool = False) -> list[Any]:
        """The answers in order, from each node in one round trip; one that Redis refused is answered by its error.

        ``safely`` has every node that was written to wait for its replicas, on the connection that wrote.
        """
        await self.initialize()
        answers: list[Any] = [None] * len(commands)
        asked: dict[int, ClusterNode] = {}  # where an ASK sent a command: for this once only
        places: Sequence[int] = range(len(commands))
        for _ in range(_REDIRECTS):
            together: dict[tuple[str, bool], list[int]] = {}
            for place in places:
                node = asked.get(place) or self._node_of(commands[place])
                together.setdefault((node.name, place in asked), []).append(place)
            asked = {}
            groups = await asyncio.gather(
                *(
                    self._ask(name, [commands[place] for place in group], asking=asking, safely=safely)
                    for (name, asking), group in together.items()
                ),
                return_exceptions=True,
            )
            for group, found in zip(together.values(), groups, strict=True):
                if isinstance(found, BaseException):
                    await self._look_again(found)
                    raise found
                for place, answer in zip(group, found, strict=True):
                    answers[place] = answer
            places = [place for place in places if isinstance(answers[place], AskError | TryAgainError)]
            if not places:
                break
            for place in places:
                await self._redirect(place, answers[place], asked)
        if down := next((answer for answer in answers if isinstance(answer, ClusterDownError)), None):
            await self._look_again(down)
        return answers

    async def together(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to commands run as one transaction. Raises ValueError when their keys lie in several slots."""
        await self.initialize()
        if len({self.keyslot(_key_of(command)) for command in commands}) > 1:
            raise ValueError("what happens together in a cluster has its keys in one slot: give them a common {tag}")
        for _ in range(_REDIRECTS):
            name = self._node_of(commands[0]).name
            try:
                *queued, done = await self._ask(name, [("MULTI",), *commands, ("EXEC",)], asking=False, safely=False)
            except BaseException as error:
                await self._look_again(error)
                raise
            moved = next((answer for answer in queued if isinstance(answer, MovedError)), None)
            if moved is None:
                break
            await self._redirect(0, moved, {})  # nothing was done
        if isinstance(done, Exception):
            raise done
        return list(done)

    def _node_of(self, command: Command) -> ClusterNode:
        with _told_as_lost():
            return self.nodes_manager.get_node_from_slot(self.keyslot(_key_of(command)))

    async def _redirect(self, place: int, answer: Any, asked: dict[int, ClusterNode]) -> None:
        if isinstance(answer, MovedError):
            await self.nodes_manager.move_slot(answer)
        elif isinstance(answer, AskError):
            if (node := self.get_node(host=answer.host, port=answer.port)) is None:
                await self._look_again(answer)
            else:
                asked[place] = node
        else:
            await asyncio.sleep(_TRY_AGAIN)

    async def _ask(self, name: str, commands: Sequence[Command], *, asking: bool, safely: bool) -> list[Any]:
        node = self.get_node(node_name=name)
        if node is None:
            raise RedisConnectionError(f"the node {name} has left the cluster")
        connection = node.acquire_connection()
        sent: list[Command] = [part for one in commands for part in ((("ASKING",), one) if asking else (one,))]
        if safely and self.replicas.count:
            sent.append(self.replicas.command)
        try:
            with _told_as_lost():
                await node.disconnect_if_needed(connection)
                await connection.connect()  # type: ignore[no-untyped-call]
                await connection.send_packed_command([pack_command(one) for one in sent])  # type: ignore[arg-type]
            answers = await connections.answers(connection, len(sent))
        except BaseException:
            # Answers may still be on their way: nobody else may read them as theirs.
            await connection.disconnect(nowait=True)
            raise
        finally:
            node.release(connection)
        if safely and self.replicas.count:
            self.replicas.require(answers.pop())
        return answers[1::2] if asking else answers

    async def _look_again(self, error: BaseException) -> None:
        """Draw the map of slots anew; who cannot be asked now is asked when the next command is lost."""
        if isinstance(error, RedisError | OSError | TimeoutError) and not isinstance(error, TooFewReplicas):
            with contextlib.suppress(RedisError, RedisClusterException, OSError, TimeoutError):
                await self.nodes_manager.initialize()


class Pipeline(AsyncCoreCommands):
    """Commands collected, and sent to their nodes at once by ``execute``. Keys of one command lie in one slot."""

    _event_dispatcher: Any = None

    def __init__(self, cluster: Cluster, *, transaction: bool) -> None:
        self._send = cluster.together if transaction else cluster.many
        self._callbacks: Mapping[Any, Any] = cluster.response_callbacks
        self._commands: list[tuple[Command, Mapping[str, Any]]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._commands.clear()

    def execute_command(self, *args: Any, **options: Any) -> Self:
        self._commands.append((args, {name: value for name, value in options.items() if name != "keys"}))
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands, self._commands = self._commands, []
        if not commands:
            return []
        answers = await self._send([command for command, _ in commands])
        for place, ((command, options), answer) in enumerate(zip(commands, answers, strict=True)):
            if isinstance(answer, Exception):
                if raise_on_error:
                    raise answer
            elif callback := self._callbacks.get(command[0]):
                answers[place] = callback(answer, **options)
        return answers


def _key_of(command: Command) -> str | bytes | int | float:
    """EVALSHA sha count key …; of all else the key comes first."""
    return command[3] if command[0] in ("EVALSHA", "EVAL") else command[1]


@contextlib.contextmanager
def _told_as_lost() -> Iterator[None]:
    """redis-py's errors about a cluster are no RedisError: raised as a lost connection, which is what they come to.

    When a node leaves, its connections are closed in the hands of those who use them, and what they use is None then.
    """
    try:
        yield
    except (RedisClusterException, AttributeError) as error:
        raise RedisConnectionError(str(error)) from error
