"""The simulator's HTTP side: the protocols' addresses, the faults of transport, and the controls.

GET  /_control                     settings and counters
POST /_control                     change settings: a JSON object, see settings.py
POST /_control/reset               back to the beginning
GET  /_control/activations         every number: the truth that tests compare with
POST /_control/message             {"id", "text"?, "code"?}: deliver a message now

Of several suppliers in one process, each but the first has all of that below its own name.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web

from suppliers.reading import Unreadable, decimal_text, read_json
from suppliers.simulator.books import FIRST_ID
from suppliers.simulator.catalogue import Catalogue
from suppliers.simulator.remote import RemoteSimulator
from suppliers.simulator.settings import FAULTS, BadSetting, read_change
from suppliers.simulator.shops import Shop, open_shop
from suppliers.simulator.speaking import Asked, Said, Speaker

DEFAULT_KEY = "simulator-key"

_ERROR_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
)


class SimulatorServer:
    """Answers HTTP for simulated supplier accounts, by the first part of the path."""

    def __init__(self, shops: Mapping[str, Shop]) -> None:
        self.shops = shops

    async def start(self, host: str, port: int) -> tuple[web.ServerRunner, int]:
        """Listen; return what stops it, and the port, which is a free one where 0 was asked."""
        runner = web.ServerRunner(web.Server(self._respond, access_log=None), shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, host, port, backlog=1024).start()
        return runner, runner.addresses[0][1]

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        name, _, rest = request.path.removeprefix("/").partition("/")
        shop, path = self.shops.get(name), f"/{rest}"
        if shop is None:
            shop, path = self.shops[""], request.path
        speaker = shop.speaker_for(path)
        if speaker is not None:
            return await _sell(speaker, await _asked(request, path), request)
        return self._control(shop, request.method, path, await request.text())

    def _control(self, shop: Shop, method: str, path: str, body: str) -> web.Response:
        control = _CONTROLS.get((method, path))
        if control is None:
            return _json({"error": f"no {method} {path} here"}, status=404)
        try:
            return _json(control(shop, body))
        except (BadSetting, Unreadable) as error:
            return _json({"error": str(error)}, status=400)


async def _asked(request: web.BaseRequest, path: str) -> Asked:
    params: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json" and request.can_read_body:
        sent = read_json(await request.text())
        params |= {name: value for name, value in sent.items() if value is not None}
    elif request.method == "POST":
        params |= await request.post()
    return Asked(
        method=request.method,
        path=path,
        params={name: str(value) for name, value in params.items()},
        authorization=request.headers.get("Authorization", ""),
    )


async def _sell(speaker: Speaker, asked: Asked, request: web.BaseRequest) -> web.Response:
    account, settings = speaker.account, speaker.account.settings
    if account.happens("outage"):
        return _cut(request)
    if account.happens("outage_503"):
        return web.Response(status=503, text="Service Unavailable")
    if account.is_too_fast():
        return _printed(speaker.too_fast())
    if settings.latency_ms:
        await asyncio.sleep(settings.latency_ms / 1000)
    said = speaker.answer(asked)
    if speaker.is_purchase(asked):
        if account.happens("lose_answer"):
            return _cut(request)
        if account.happens("delay"):
            await asyncio.sleep(settings.delay_s)
    if account.happens("html"):
        said = Said(_ERROR_PAGE, content_type="text/html")
    if account.happens("empty"):
        said = replace(said, body=b"", status=200)
    return _printed(said)


def _printed(said: Said) -> web.Response:
    body = said.body.encode() if isinstance(said.body, str) else said.body
    return web.Response(body=body, status=said.status, content_type=said.content_type)


def _show(shop: Shop, _body: str) -> object:
    account = shop.account
    books = account.books
    open_count = len(list(books.open_now(time.time())))
    settings = account.settings
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
            "requests_per_s": settings.requests_per_s,
            "balance": decimal_text(books.balance),
            "faults": {fault: settings.faults.get(fault, 0) for fault in FAULTS},
        },
        "counters": {
            "requests": account.requests,
            "faults": account.faults_fired,
            "sold": len(books.all),
            "open": open_count,
        },
    }


def _change(shop: Shop, body: str) -> object:
    account = shop.account
    change = read_change(read_json(body))
    settings = account.settings
    settings.faults.update(change.pop("faults", {}))
    if "balance" in change:
        account.books.balance = change.pop("balance")
    for name, value in change.items():
        setattr(settings, name, value)
    return _show(shop, body)


def _reset(shop: Shop, body: str) -> object:
    shop.account.reset()
    return _show(shop, body)


def _activations(shop: Shop, _body: str) -> object:
    books = shop.account.books
    books.open_now(time.time())
    return [shop.truth(number) for number in books.all.values()]


def _message(shop: Shop, body: str) -> object:
    sent = read_json(body)
    if not isinstance(sent, dict) or not set(sent) <= {"id", "text", "code"}:
        raise BadSetting("send an object of id, and text or code or none of them")
    now = time.time()
    books = shop.account.books
    number = books.find(shop.speakers[0].number_id(str(sent.get("id"))), now)
    if number is None or not number.is_open:
        raise BadSetting(f"no open activation {sent.get('id')}")
    code, text = (None if sent.get(key) is None else str(sent[key]) for key in ("code", "text"))
    books.deliver(number, now, code=code, text=text)
    return shop.truth(number)


_CONTROLS: Mapping[tuple[str, str], Callable[[Shop, str], object]] = {
    ("GET", "/_control"): _show,
    ("POST", "/_control"): _change,
    ("POST", "/_control/reset"): _reset,
    ("GET", "/_control/activations"): _activations,
    ("POST", "/_control/message"): _message,
}


@contextmanager
def running(
    protocol: str = "smsactivate",
    *,
    api_key: str = DEFAULT_KEY,
    seed: int = 0,
    catalogue: Catalogue | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[RemoteSimulator]:
    """Run a simulator in a thread of this process, on a free port unless one is given."""
    loop = asyncio.new_event_loop()
    shop = open_shop(protocol, api_key=api_key, seed=seed, first_id=FIRST_ID, catalogue=catalogue)
    server = SimulatorServer({"": shop})
    runner, port = loop.run_until_complete(server.start(host, port))
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    try:
        yield RemoteSimulator(f"http://{host}:{port}", api_key=api_key, address=shop.address)
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
