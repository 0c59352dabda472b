"""Many customers' servers in one fast process: `/live/…` answers at once, `/dead/…` never does.

Remembers every request with the time at which it came; `GET /_log` gives them back as JSON lines.
"""

import asyncio
import sys
import time

import orjson

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

log: list[bytes] = []


class Connection(asyncio.Protocol):
    """One connection, on which requests follow each other."""

    def __init__(self) -> None:
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (request := self._next()) is not None:
            self._answer(*request)

    def _next(self) -> tuple[str, dict[str, str], bytes] | None:
        """Return the next whole request, if there is one."""
        head, parted, rest = self.received.partition(b"\r\n\r\n")
        if not parted:
            return None
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self.received = rest[length:]
        return first.split()[1], headers, rest[:length]

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> None:
        if path == "/_log":
            told = b"\n".join(log)
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told)
            )
            return
        entry = {"at": time.time(), "path": path, "headers": headers, "body": body.decode()}
        log.append(orjson.dumps(entry))
        if not path.startswith("/dead/"):
            self.transport.write(_OK)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
