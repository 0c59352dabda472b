"""Run the simulator until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

from suppliers.simulator.server import DEFAULT_KEY, HANDLER_PATH, SimulatorServer

logger = logging.getLogger("suppliers.simulator")


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m suppliers.simulator")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--api-key", default=DEFAULT_KEY)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    server = SimulatorServer(api_key=options.api_key, seed=options.seed)
    runner, port = await server.start(options.host, options.port)
    logger.info("Simulator at http://%s:%d%s", options.host, port, HANDLER_PATH)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    main()
