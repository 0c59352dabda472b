"""The simulator's HTTP side: the handler address, the faults of transport, and the controls.

GET, POST /stubs/handler_api.php   the protocol
GET  /_control                     settings and counters
POST /_control                     change settings: a JSON object, see settings.py
POST /_control/reset               back to the beginning
GET  /_control/activations         every number: the truth that tests compare with
POST /_control/message             {"id", "text"?, "code"?}: deliver a message now
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from aiohttp import web

from suppliers.reading import Unreadable, decimal_text, read_json
from suppliers.simulator.books import FIRST_ID
from suppliers.simulator.handler import PURCHASES, Handler
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.settings import FAULTS, BadSetting, read_change

HANDLER_PATH = "/stubs/handler_api.php"
DEFAULT_KEY = "simulator-key"

_ERROR_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
)


class SimulatorServer:
    """Answers HTTP for one simulated supplier account."""

    def __init__(
        self, *, api_key: str = DEFAULT_KEY, seed: int = 0, first_id: int = FIRST_ID
    ) -> None:
        self.handler = Handler(api_key=api_key, seed=seed, first_id=first_id)
        self._controls = {
            ("GET", "/_control"): self._show,
            ("POST", "/_control"): self._change,
            ("POST", "/_control/reset"): self._reset,
            ("GET", "/_control/activations"): self._activations,
            ("POST", "/_control/message"): self._message,
        }

    async def start(self, host: str, port: int) -> tuple[web.ServerRunner, int]:
        """Listen; return what stops it, and the port, which is a free one where 0 was asked."""
        runner = web.ServerRunner(web.Server(self._respond, access_log=None), shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, host, port, backlog=1024).start()
        return runner, runner.addresses[0][1]

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path in (HANDLER_PATH, "/stubs/handler_api"):
            params: Mapping[str, Any] = request.query
            if request.method == "POST":
                params = {**params, **await request.post()}
            return await self._sell(request, params)
        control = self._controls.get((request.method, path))
        if control is None:
            return _json({"error": f"no {request.method} {path} here"}, status=404)
        try:
            return _json(control(await request.text()))
        except (BadSetting, Unreadable) as error:
            return _json({"error": str(error)}, status=400)

    async def _sell(self, request: web.BaseRequest, params: Mapping[str, Any]) -> web.Response:
        handler, settings = self.handler, self.handler.settings
        if handler.happens("outage"):
            return _cut(request)
        if handler.happens("outage_503"):
            return web.Response(status=503, text="Service Unavailable")
        if settings.latency_ms:
            await asyncio.sleep(settings.latency_ms / 1000)
        answer = handler.answer(params)
        if params.get("action") in PURCHASES:
            if handler.happens("lose_answer"):
                return _cut(request)
            if handler.happens("delay"):
                await asyncio.sleep(settings.delay_s)
        if isinstance(answer, bytes):
            content_type = "application/json"
        else:
            answer, content_type = answer.encode(), "text/plain"
        if handler.happens("html"):
            answer, content_type = _ERROR_PAGE, "text/html"
        if handler.happens("empty"):
            answer = b""
        return web.Response(body=answer, content_type=content_type)

    def _show(self, _body: str) -> object:
        handler = self.handler
        books = handler.books
        open_count = len(list(books.open_now(time.time())))
        settings = handler.settings
        return {
            "settings": {
                "latency_ms": settings.latency_ms,
                "code_after_s": settings.code_after_s,
                "code_rate": settings.code_rate,
                "cancel_lock_s": settings.cancel_lock_s,
                "lifetime_s": settings.lifetime_s,
                "delay_s": settings.delay_s,
                "ban_s": settings.ban_s,
                "stock": settings.stock,
                "balance": decimal_text(books.balance),
                "faults": {fault: settings.faults.get(fault, 0) for fault in FAULTS},
            },
            "counters": {
                "requests": handler.requests,
                "faults": handler.faults_fired,
                "sold": len(books.all),
                "open": open_count,
            },
        }

    def _change(self, body: str) -> object:
        change = read_change(read_json(body))
        settings = self.handler.settings
        settings.faults.update(change.pop("faults", {}))
        if "balance" in change:
            self.handler.books.balance = change.pop("balance")
        for name, value in change.items():
            setattr(settings, name, value)
        return self._show(body)

    def _reset(self, body: str) -> object:
        self.handler.reset()
        return self._show(body)

    def _activations(self, _body: str) -> object:
        books = self.handler.books
        books.open_now(time.time())
        return [number.truth() for number in books.all.values()]

    def _message(self, body: str) -> object:
        sent = read_json(body)
        if not isinstance(sent, dict) or not set(sent) <= {"id", "text", "code"}:
            raise BadSetting("send an object of id, and text or code or none of them")
        now = time.time()
        books = self.handler.books
        number = books.find(str(sent.get("id")), now)
        if number is None or not number.is_open:
            raise BadSetting(f"no open activation {sent.get('id')}")
        code, text = (None if sent.get(key) is None else str(sent[key]) for key in ("code", "text"))
        books.deliver(number, now, code=code, text=text)
        return number.truth()


@contextmanager
def running(
    *, api_key: str = DEFAULT_KEY, seed: int = 0, host: str = "127.0.0.1", port: int = 0
) -> Iterator[RemoteSimulator]:
    """Run a simulator in a thread of this process, on a free port unless one is given."""
    loop = asyncio.new_event_loop()
    server = SimulatorServer(api_key=api_key, seed=seed)
    runner, port = loop.run_until_complete(server.start(host, port))
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    try:
        yield RemoteSimulator(f"http://{host}:{port}", api_key=api_key)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _stop(runner: web.ServerRunner) -> None:
    await runner.cleanup()
    # requests asleep in a delay outlive their connections
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _cut(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # goes nowhere


def _json(value: object, *, status: int = 200) -> web.Response:
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, status=status, content_type="application/json")
