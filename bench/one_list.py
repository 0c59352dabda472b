"""One supplier with everything: a price list of two million lines in one answer.

`one-list:100000` is so many.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from bench import stage
from bench.catalogue import COUNTRIES, bench_countries, bench_services, make_services
from bench.table import Row
from catalog.actions import sync_catalogue
from catalog.models import Supplier
from suppliers.simulator.remote import RemoteSimulator
from tests import cast

_USUAL = 2_000_000


def measure_one_list(_simulator: RemoteSimulator, size: int = _USUAL) -> Iterator[Row]:
    """Read it bare, then sync it twice."""
    make_services(size // COUNTRIES)
    with _price_server(size // COUNTRIES) as url:
        supplier = Supplier.objects.create(
            code="vast", name="Vast", protocol="smsactivate", base_url=url, options=cast.FAST
        )
        print("  bare: reading the answer …", flush=True)
        begun = time.perf_counter()
        count = sum(1 for _line in supplier.client().listings())
        bare = time.perf_counter() - begun
        assert count == size, count
        for name, aim in (("one list", "≤ 5 min"), ("one list again", "≤ 2 min")):
            print(f"  {name}: {size:,} lines of one supplier …", flush=True)
            begun = time.perf_counter()
            run = sync_catalogue(supplier, now=timezone.now())
            seconds = time.perf_counter() - begun
            memory = (run.peak_memory or 0) // 2**20
            note = (
                f"{run.written_count:,} offers written, {memory} MB at most;"
                " bare is reading the answer line by line"
            )
            yield Row(name, seconds, bare, aim, "seconds", note)


@contextmanager
def _price_server(services: int) -> Iterator[str]:
    port = stage.free_port()
    named = [
        [[str(code), name] for code, name in rows]
        for rows in (
            bench_countries().values_list("trade_id", "name_en"),
            bench_services().values_list("trade_code", "name")[:services],
        )
    ]
    command = [sys.executable, "-m", "bench.price_server", str(port)]
    with subprocess.Popen(command, cwd=stage.ROOT, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            json.dump(named, process.stdin)
            process.stdin.close()
            stage.wait_for(port)
            yield f"http://127.0.0.1:{port}/stubs/handler_api.php"
        finally:
            process.terminate()
