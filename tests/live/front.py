"""What stands before the shop in production: one address, of which /live/ goes to another process.

Reads each request's head and carries the rest as it comes; one request a connection. It can hold
back what the web answers about orders, as a slow network does.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

_NOBODY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_CONNECTION = re.compile(rb"\r\nConnection: [^\r]*\r\n", re.IGNORECASE)


class Front:
    """A proxy in a thread of its own; it remembers what was asked for."""

    def __init__(self, *, web: int, live: int) -> None:
        self._web, self._live = web, live
        self.port = 0
        self.paths: list[str] = []
        self.holds_orders = False
        self._serving: set[asyncio.Task[None] | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The loop itself holds on to neither the task nor what it reads from.
        task = asyncio.current_task()
        self._serving.add(task)
        try:
            await self._pass_on(reader, writer)
        finally:
            self._serving.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whatever ends it, a test's end among them, nothing may be left for the collector to close.
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            self.paths.append(path)
            try:
                back, out = await asyncio.open_connection(
                    "127.0.0.1", self._live if path == "/live/" else self._web
                )
            except OSError:
                writer.write(_NOBODY)
                return
            with closing(out):
                out.write(_CONNECTION.sub(b"\r\nConnection: close\r\n", head))
                asking = asyncio.ensure_future(_carry(reader, out))
                try:
                    if self.holds_orders and path.startswith("/orders/ord_"):
                        await self._hold(back, writer)
                    else:
                        await _carry(back, writer)
                finally:
                    asking.cancel()

    async def _hold(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await back.read()
        while self.holds_orders:
            await asyncio.sleep(0.02)
        writer.write(answer)

    @contextmanager
    def running(self) -> Iterator["Front"]:
        """Pass on until the block ends, in a thread: the browser's loop may have this one."""
        listens, leave = threading.Event(), asyncio.Event()
        loop = asyncio.new_event_loop()

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = server.sockets[0].getsockname()[1]
            listens.set()
            await leave.wait()
            server.close()
            await _end_all()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
        thread.start()
        try:
            assert listens.wait(10)
            yield self
        finally:
            loop.call_soon_threadsafe(leave.set)
            thread.join()
            loop.close()


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Carry what comes until its end, which ends the target as well."""
    with suppress(OSError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
