"""Run the simulator until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import time
from pathlib import Path

from suppliers.simulator.demo import DEMO
from suppliers.simulator.memory import keep_books, recall_books
from suppliers.simulator.server import DEFAULT_KEY, SimulatorServer
from suppliers.simulator.shops import SPEAKERS, open_shop

# so that no two of the suppliers sell the same phone number
_IDS_APART = 100_000_000

logger = logging.getLogger("suppliers.simulator")


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m suppliers.simulator")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--protocol", choices=sorted(SPEAKERS), default="smsactivate")
    parser.add_argument("--api-key", default=DEFAULT_KEY)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--demo", action="store_true", help="serve the demo's other suppliers too, by their names"
    )
    parser.add_argument("--books", type=Path, help="a file to keep what was sold in")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    # Activation ids of one program never meet those of another, however they are restarted.
    first_id = int(time.time())
    shops = {
        "": open_shop(
            options.protocol, api_key=options.api_key, seed=options.seed, first_id=first_id
        )
    }
    for number, supplier in enumerate(DEMO if options.demo else (), start=1):
        shops[supplier.code] = supplier.open(
            api_key=options.api_key,
            seed=options.seed + number,
            first_id=first_id + number * _IDS_APART,
        )
    accounts = {name: shop.account for name, shop in shops.items()}
    keeping = None
    if options.books:
        recall_books(accounts, options.books)
        keeping = asyncio.create_task(keep_books(accounts, options.books))
    runner, port = await SimulatorServer(shops).start(options.host, options.port)
    logger.info("Simulator at http://%s:%d%s", options.host, port, shops[""].address)
    await stop.wait()
    await runner.cleanup()
    if keeping:
        keeping.cancel()
        await asyncio.wait([keeping])


if __name__ == "__main__":
    main()
