"""Many open order pages, in a process of their own; run by bench/live.py.

Most are no browsers: each holds a stream of its own and, told of a change, fetches its live part
over a kept-alive connection as live.js has htmx do, and looks for codes in it; nothing is drawn.
The others are real Chromium pages, which note when a code stands in the document.

Reads a line of JSON, says `ready` once every page is live, and at the end of its input prints when
which code was seen.
"""

import asyncio
import json
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Page, async_playwright

from dev.system_packages import BROWSERS

_LOOK_SECONDS = 20.0
_CODE = re.compile(rb'id="code"[^>]*>([^<]+)<')
_SEEN = re.compile(rb"\?seen=([^\"&]+)")
# The times are those of the system's clock, as the writer's are.
_WATCH = """
window.codesSeen = {};
new MutationObserver(() => {
  const code = document.getElementById("code")?.textContent;
  if (code) window.codesSeen[code] ??= (performance.timeOrigin + performance.now()) / 1000;
}).observe(document, { subtree: true, childList: true });
"""


@dataclass
class ThinPage:
    """One page without a browser around it."""

    web: int
    live: int
    order: str
    cookie: str
    codes: dict[str, float]
    fetches: int = 0
    _mark: bytes = b""
    _due: asyncio.Event = field(default_factory=asyncio.Event)

    async def stay(self, ready: asyncio.Semaphore) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.live)
        writer.write(self._request("/live/"))
        looking = asyncio.create_task(self._look())
        try:
            while True:
                event = (await reader.readuntil(b"\n\n")).decode()
                if "event: sync" in event:
                    ready.release()
                if "event: sync" in event or f"data: {self.order}" in event:
                    self._due.set()
        finally:
            looking.cancel()
            writer.close()

    async def _look(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.web)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), _LOOK_SECONDS)
            self._due.clear()
            path = f"/orders/{self.order}?seen={self._mark.decode()}"
            writer.write(self._request(path, "HX-Request: true"))
            part = await _answer(reader)
            self.fetches += 1
            if seen := _SEEN.search(part):
                self._mark = seen[1]
            if code := _CODE.search(part):
                self.codes.setdefault(code[1].decode(), time.time())

    def _request(self, path: str, *more: str) -> bytes:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {self.cookie}", *more]
        return "\r\n".join([*lines, "", ""]).encode()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    status = head.split(b" ", 2)[1]
    assert status in {b"200", b"204"}, head
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    if status == b"204" or length is None:
        return b""
    return await reader.readexactly(int(length[1]))


async def _open_browser_page(browser: Any, plan: dict[str, Any], page: dict[str, str]) -> Page:
    """A browser of its own for each, or they would share one stream."""
    origin = f"http://127.0.0.1:{plan['web']}"
    context = await browser.new_context(base_url=origin)
    name, _, value = page["cookie"].partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": origin}])
    opened: Page = await context.new_page()
    await opened.add_init_script(_WATCH)
    await opened.goto(f"/orders/{page['order']}")
    await opened.wait_for_selector("html[data-live=on]", timeout=30_000)
    return opened


async def main() -> None:
    plan = json.loads(await asyncio.to_thread(sys.stdin.readline))
    codes: dict[str, float] = {}
    ready = asyncio.Semaphore(0)
    thin = [
        ThinPage(plan["web"], plan["live"], page["order"], page["cookie"], codes)
        for page in plan["thin"]
    ]
    staying = []
    for page in thin:
        staying.append(asyncio.create_task(page.stay(ready)))
        await ready.acquire()
    async with async_playwright() as playwright:
        path = next(found for name in BROWSERS if (found := shutil.which(name)))
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        drawn = [await _open_browser_page(browser, plan, page) for page in plan["drawn"]]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        broken = [task for task in staying if task.done()]
        seen_by_browsers: dict[str, float] = {}
        for shown in drawn:
            seen_by_browsers |= await shown.evaluate("window.codesSeen")
        await browser.close()
    assert not broken, broken[0].exception()
    fetches = sum(page.fetches for page in thin)
    print(json.dumps({"thin": codes, "drawn": seen_by_browsers, "fetches": fetches}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
