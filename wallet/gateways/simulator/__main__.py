"""Run the simulated gateway until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from wallet.gateways.simulator.books import DEFAULT_KEY, DEFAULT_SECRET, Books
from wallet.gateways.simulator.server import GatewayServer

logger = logging.getLogger("wallet.gateways.simulator")


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m wallet.gateways.simulator")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8003, help="0 takes a free one")
    parser.add_argument("--api-key", default=DEFAULT_KEY)
    parser.add_argument("--callback-secret", default=DEFAULT_SECRET)
    parser.add_argument("--books", type=Path, help="a file to keep the payments in")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    server = GatewayServer(
        Books(path=options.books),
        api_key=options.api_key,
        callback_secret=options.callback_secret,
    )
    runner, port = await server.start(options.host, options.port)
    logger.info("Payment gateway at http://%s:%d", options.host, port)
    await stop.wait()
    await server.stop()
    await runner.cleanup()


if __name__ == "__main__":
    main()
