"""Build the image in an empty folder and start it as production would, beside real servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dev import processes, production, readiness
from dev.dockerfile import Image
from dev.ports import free_port
from dev.processes import DevError
from dev.servers import start_servers

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN = 30  # seconds


def main() -> None:
    processes.exit_on_signals()
    with tempfile.TemporaryDirectory(prefix="nexotp-image-") as name:
        folder = Path(name).resolve()
        image = Image(folder=folder / "image", source=ROOT)
        image.build(ROOT / "Dockerfile")
        if image.user.partition(":")[0] in {"", "0", "root"}:
            raise DevError("The image runs as root.")
        servers = start_servers(folder / "data", durable=False)
        try:
            addresses = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")
            found = {name: servers.environment()[name] for name in addresses}
            rehearse(image, {**production.environment(), **found})
        finally:
            servers.stop()
    print("The image builds, migrates, runs a worker, and web and live process answer /healthz.")


def rehearse(image: Image, environment: dict[str, str]) -> None:
    """What docker-compose.yml has the image do, each once. Raises DevError."""
    if image.run(["python", "manage.py", "migrate", "--no-input", "--verbosity", "0"], environment):
        raise DevError("The image cannot migrate the database.")
    worker = ["celery", "--quiet", "--app", "nexotp", "worker", "--hostname", "image@%h"]
    with started(image, [*worker, "--concurrency", "1", "--queues", "money"], environment):
        ready = partial(readiness.workers_answer, environment["BROKER_URL"], {"image"})
        if not processes.wait_until(ready, timeout=START_WITHIN):
            raise DevError("The image's worker does not answer.")
    rehearse_serving(image, image.command, environment, name="web")
    live = ["granian", "--interface", "asgi", "--http", "1", "--no-ws", "--workers", "1"]
    live += ["--blocking-threads", "1", "--workers-kill-timeout", "1"]
    live += ["nexotp.live.asgi:application"]
    rehearse_serving(image, live, environment, name="live")


def rehearse_serving(
    image: Image, command: list[str], environment: dict[str, str], *, name: str
) -> None:
    """Start it and ask as the image's own health check does. Raises DevError."""
    listening = {"GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(free_port())}
    environment = {**environment, **listening}
    with started(image, command, environment) as process:
        answers = health_of(image, environment, process, name=name)
        if not processes.wait_until(answers, timeout=START_WITHIN, pause=0.5):
            raise DevError(f"The image's {name} process does not answer its own health check.")


def health_of(
    image: Image, environment: dict[str, str], process: subprocess.Popen[bytes], *, name: str
) -> Callable[[], bool]:
    def answers() -> bool:
        if process.poll() is not None:
            raise DevError(f"The image's {name} process ended with status {process.returncode}.")
        return image.run(image.health_check, environment, quiet=True) == 0

    return answers


@contextmanager
def started(
    image: Image, command: list[str], environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = processes.spawn(
        command, env={**image.environment, **environment}, cwd=image.directory
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


if __name__ == "__main__":
    try:
        main()
    except DevError as error:
        sys.exit(f"image: {error}")
