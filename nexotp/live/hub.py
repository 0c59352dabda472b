"""Who listens, and what each of them has still to be told; all in memory, for one event loop."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

# Things that changed and were not told yet; beyond so many, a page had better look at everything.
_MOST_PENDING = 100


class Full(Exception):
    """As many streams are open as this process is to hold."""


class Stream:
    """One open stream; what it was not told yet is kept once each, so it cannot grow."""

    def __init__(self, account: int, session_key: str) -> None:
        self.account = account
        self.session_key = session_key
        self._ends = False
        self._pending: dict[tuple[str, str], None] = {}
        self._woken = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether everything was told, and nothing more will be."""
        return self._ends and not self._pending

    def tell(self, event: str, data: str = "") -> None:
        if self._ends:
            return
        if len(self._pending) >= _MOST_PENDING:
            self._pending = {("sync", ""): None}
        self._pending[event, data] = None
        self._woken.set()

    def end(self, reason: str) -> None:
        """Have the stream say why, and end."""
        self._pending = {}
        self.tell(reason)
        self._ends = True

    async def next(self, *, within: float) -> bytes:
        """Wait for news, for so many seconds; gives a beat when there are none.

        The beat is an event and not a comment, as scripts do not see comments, and a page must
        notice that it hears nothing any more.
        """
        try:
            await asyncio.wait_for(self._woken.wait(), within)
        except TimeoutError:
            return _written("beat", "")
        self._woken.clear()
        pending, self._pending = self._pending, {}
        return b"".join(_written(event, data) for event, data in pending)


class Hub:
    """All streams of this process."""

    def __init__(self, *, per_account: int, in_all: int) -> None:
        self._per_account, self._in_all = per_account, in_all
        self._streams: dict[int, list[Stream]] = defaultdict(list)
        self._count = 0
        self.hears = False

    def __iter__(self) -> Iterator[Stream]:
        for streams in list(self._streams.values()):
            yield from list(streams)

    def __len__(self) -> int:
        return self._count

    def open(self, account: int, session_key: str) -> Stream:
        """Add a stream; beyond the account's limit its oldest one is ended. Raises Full."""
        if self._count >= self._in_all:
            raise Full
        streams = self._streams[account]
        if len(streams) >= self._per_account:
            oldest = streams[0]
            oldest.end("full")
            self.close(oldest)
        stream = Stream(account, session_key)
        stream.tell(self._state)
        self._streams[account].append(stream)
        self._count += 1
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream; once more does no harm."""
        streams = self._streams.get(stream.account, [])
        if stream in streams:
            streams.remove(stream)
            self._count -= 1
        if not streams:
            self._streams.pop(stream.account, None)

    def tell(self, account: int, what: str) -> None:
        for stream in self._streams.get(account, ()):
            stream.tell("changed", what)

    def note_hearing(self, hears: bool) -> None:
        """Tell everybody whether this process hears of changes; what was missed is looked up."""
        self.hears = hears
        for stream in self:
            stream.tell(self._state)

    @property
    def _state(self) -> str:
        return "sync" if self.hears else "lost"


def _written(event: str, data: str) -> bytes:
    # An event without data would not reach the page.
    return f"event: {event}\ndata: {data}\n\n".encode()
