"""A supplier with a price list as long as is wanted, written while it is sent.

Reads its countries and services, each a list of [code, name], as JSON from its input.
"""

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    countries: list[tuple[str, str]] = []
    services: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        (action,) = parse_qs(urlsplit(self.path).query)["action"]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in getattr(self, f"_{action}")():
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _getCountries(self) -> Iterator[bytes]:  # noqa: N802  the protocol's word
        rows = {code: {"id": code, "eng": name} for code, name in self.countries}
        yield json.dumps(rows).encode()

    def _getServicesList(self) -> Iterator[bytes]:  # noqa: N802
        rows = [{"code": code, "name": name} for code, name in self.services]
        yield json.dumps({"status": "success", "services": rows}).encode()

    def _getPrices(self) -> Iterator[bytes]:  # noqa: N802
        before, line = b"{", 0
        for country, _name in self.countries:
            prices = {}
            for service, _name in self.services:
                line += 1
                cost = (500 + line * 37 % 9_000) / 10_000
                prices[service] = {"cost": cost, "count": 5, "physicalCount": 5}
            yield before + json.dumps(country).encode() + b":" + json.dumps(prices).encode()
            before = b","
        yield b"}"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.countries, Handler.services = json.load(sys.stdin)
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        server.serve_forever()
