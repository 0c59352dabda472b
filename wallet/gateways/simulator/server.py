"""The simulated gateway's HTTP side: its API, its payment page, its callbacks, its controls.

POST /v1/payments                  make a payment, or get the one of that reference
GET  /v1/payments/{reference}      how it stands
POST /v1/payments/{reference}/cancel
GET  /pay/{id}                     the page on which a buyer pays; POST pays
GET  /_control                     faults, counters, every payment
POST /_control                     change faults and delay_s; POST /_control/reset forgets all
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from wallet.gateways.signing import sign
from wallet.gateways.simulated import SIGNATURE_HEADER
from wallet.gateways.simulator.books import (
    DEFAULT_KEY,
    DEFAULT_SECRET,
    FAULTS,
    BadRequest,
    Bill,
    Books,
)
from wallet.gateways.simulator.page import payment_page

_CALLBACK_SECONDS = 10
_TRIES, _TRY_AGAIN_SECONDS = 4, 1.0

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class GatewayServer:
    """Answers HTTP for one account at the gateway."""

    def __init__(
        self,
        books: Books,
        *,
        api_key: str = DEFAULT_KEY,
        callback_secret: str = DEFAULT_SECRET,
    ) -> None:
        self.books = books
        self.api_key = api_key
        self.callback_secret = callback_secret
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> tuple[web.AppRunner, int]:
        """Listen; return what stops it, and the port, which is a free one where 0 was asked."""
        app = web.Application(middlewares=[_as_json_errors])
        app.add_routes(
            [
                web.post("/v1/payments", self._open),
                web.get("/v1/payments/{name}", self._show),
                web.post("/v1/payments/{name}/cancel", self._cancel),
                web.get("/pay/{name}", self._page),
                web.post("/pay/{name}", self._pay),
                web.get("/_control", self._control),
                web.post("/_control", self._change),
                web.post("/_control/reset", self._reset),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return runner, int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Send nothing any more."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    # ---- the API ------------------------------------------------------------------------------

    async def _open(self, request: web.Request) -> web.StreamResponse:
        self._check_key(request, "create")
        bill = self.books.open(await _sent(request), new_id=f"gw_{secrets.token_hex(8)}")
        if self.books.happens("lose_answer"):
            return _cut(request)
        return await self._tell(request, bill)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        self._check_key(request, "read")
        return await self._tell(request, self.books.find(request.match_info["name"]))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        self._check_key(request, "cancel")
        bill = self.books.find(request.match_info["name"])
        return await self._tell(request, self.books.cancel(bill))

    def _check_key(self, request: web.Request, call: str) -> None:
        self.books.count(call)
        if self.books.happens("outage"):
            raise BadRequest("outage", 503)
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            raise BadRequest("bad_key", 401)

    async def _tell(self, request: web.Request, bill: Bill) -> web.StreamResponse:
        shown = bill.shown(_now(), root=f"http://{request.host}")
        if self.books.happens("timeout"):
            await asyncio.sleep(self.books.delay_s)
        if self.books.happens("html"):
            return web.Response(text="<html>502 Bad Gateway</html>", content_type="text/html")
        return web.json_response(shown)

    # ---- the payment page ---------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.StreamResponse:
        bill = self.books.find(request.match_info["name"])
        standing = bill.standing(_now())
        can_pay = standing == "pending" or (
            standing != "paid" and self.books.faults.get("paid_after_expiry", 0) > 0
        )
        page = payment_page(bill, standing, can_pay=can_pay)
        return web.Response(text=page, content_type="text/html")

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        bill = self.books.find(request.match_info["name"])
        was_paid = bill.status == "paid"
        with contextlib.suppress(BadRequest):
            bill = self.books.pay(bill, now=_now())
            if not was_paid:
                self._push(bill)
        raise web.HTTPSeeOther(bill.return_url)

    # ---- callbacks ----------------------------------------------------------------------------

    def _push(self, bill: Bill) -> None:
        if self.books.happens("lost_callback"):
            return
        copies = 2 if self.books.happens("doubled_callback") else 1
        delay = self.books.delay_s if self.books.happens("late_callback") else 0.0
        for _copy in range(copies):
            self._send_later(bill, bill.status, delay)
        if self.books.happens("stale_callback"):
            self._send_later(bill, "pending", delay + 0.05)

    def _send_later(self, bill: Bill, status: str, delay: float) -> None:
        task = asyncio.get_running_loop().create_task(self._send(bill, status, delay))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, bill: Bill, status: str, delay: float) -> None:
        """Send a callback until it is taken, a few times."""
        await asyncio.sleep(delay)
        said = {"id": bill.id, "reference": bill.reference, "status": status}
        body = json.dumps({**said, "paid_amount": bill.paid_amount}).encode()
        secret = "forged" if self.books.happens("forged_signature") else self.callback_secret
        timeout = aiohttp.ClientTimeout(total=_CALLBACK_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            for _try in range(_TRIES):
                signature = sign(secret, body, now=_now())
                headers = {SIGNATURE_HEADER: signature, "Content-Type": "application/json"}
                self.books.count("callback")
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    sent = session.post(bill.callback_url, data=body, headers=headers)
                    async with sent as answer:
                        if answer.status < 300:
                            return
                await asyncio.sleep(_TRY_AGAIN_SECONDS)

    # ---- controls -----------------------------------------------------------------------------

    async def _control(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                "faults": {fault: self.books.faults.get(fault, 0) for fault in FAULTS},
                "delay_s": self.books.delay_s,
                "calls": self.books.calls,
                "payments": [bill.shown(_now(), root="") for bill in self.books.bills.values()],
            }
        )

    async def _change(self, request: web.Request) -> web.StreamResponse:
        self.books.change(await _sent(request))
        return await self._control(request)

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        self.books.reset()
        return await self._control(request)


@contextmanager
def running(*, port: int = 0) -> Iterator[tuple[str, GatewayServer]]:
    """Run a gateway in a thread of this process; gives its address and itself."""
    loop = asyncio.new_event_loop()
    server = GatewayServer(Books())
    thread = threading.Thread(target=loop.run_forever, name="gateway", daemon=True)
    thread.start()
    starting = asyncio.run_coroutine_threadsafe(server.start("127.0.0.1", port), loop)
    runner, port = starting.result(timeout=10)
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, runner), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _end(server: GatewayServer, runner: web.AppRunner) -> None:
    await server.stop()
    await runner.cleanup()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@web.middleware
async def _as_json_errors(request: web.Request, handler: Answering) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadRequest as problem:
        return web.json_response({"error": str(problem)}, status=problem.status)


async def _sent(request: web.Request) -> Any:
    try:
        return await request.json()
    except ValueError as error:
        raise BadRequest("not JSON") from error


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # goes nowhere


def _now() -> datetime:
    return datetime.now(UTC)
