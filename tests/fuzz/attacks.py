"""Requests that no client would send, byte by byte, for any call of the document."""

import gzip
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from urllib.parse import urlsplit

JSON = b"application/json"
# Every one in place of every parameter and every field of a body.
_BAD_TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nX-Injected: yes",
    "%00",
    "..",
    "../../balance",
    "null",
    "NaN",
    "-0",
    "-1",
    "0",
    "1.0",
    "1e400",
    "9" * 400,
    str(2**63),
    "٣",
    "½",
    "\u202e",
    "\U0001f1ee\U0001f1e9",
    "\ufeff1",
    "' OR 1=1 --",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "x" * 5_000,
    "2026-02-30",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59+14:00",
    "-1000000-01-01",
]
_BAD_BYTES = [b"%ff%fe", b"%ed%a0%80", b"%c0%80", b"%", b"%zz", b"\xff", b"&&==", b"[]", b"+", b";"]
_BAD_VALUES = [
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"[[[]]]",
    b'{"a":{"b":1}}',
    b"0",
    b"-0",
    b"-0.0",
    b"1.0",
    b"1e308",
    b"-1e308",
    b"5e-324",
    b"0.1234567890123456789",
    b"18446744073709551616",
    b"9" * 400,
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\uffff"',
    b'"\\u2028\\u0085"',
    b'"' + b"x" * 5_000 + b'"',
    b'"' + "é".encode("latin-1") + b'"',
    b"[" + b"1," * 5_000 + b"1]",
]
_BAD_BODIES = [
    b"",
    b" ",
    b"null",
    b"true",
    b"1",
    b'"text"',
    b"[]",
    b"[{}]",
    b"{",
    b"}",
    b"{}{}",
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"a":1,"a":2}',
    b'{"":""}',
    b'{"__proto__":{},"constructor":1}',
    b"{'a':1}",
    b'{"a":1,}',
    b'{"a":/**/1}',
    b"[" * 50_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"--x\r\n\r\n--x--",
    b"a=1&b=2",
    gzip.compress(b"{}"),
]


@dataclass(frozen=True)
class Call:
    """A request as its bytes go over the wire."""

    method: bytes
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    # How the body's end is told, where not by its true length.
    framing: tuple[tuple[bytes, bytes], ...] | None = None

    def __str__(self) -> str:
        sent = self.written()
        return repr(sent if len(sent) < 600 else sent[:600] + b"...")

    def with_headers(self, *headers: tuple[bytes, bytes]) -> "Call":
        """Return the call with headers in place of those of the same names."""
        names = {name.lower() for name, _value in headers}
        kept = tuple(each for each in self.headers if each[0].lower() not in names)
        return replace(self, headers=kept + headers)

    def with_body(self, body: bytes) -> "Call":
        return replace(self, body=body).with_headers((b"Content-Type", JSON))

    def for_id(self, name: str) -> "Call":
        return replace(self, path=self.path.replace(b"{id}", name.encode()))

    def written(self) -> bytes:
        target = self.path + (b"?" + self.query if self.query else b"")
        length = ((b"Content-Length", str(len(self.body)).encode()),)
        headers = self.headers + (length if self.framing is None else self.framing)
        lines = [name + b": " + value for name, value in headers]
        return b"\r\n".join([self.method + b" " + target + b" HTTP/1.1", *lines, b"", self.body])

    def send(self, base_url: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer; the connection is used this once."""
        address = urlsplit(base_url)
        assert address.hostname
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(self.written())
            answer = HTTPResponse(connection, method=self.method.decode())
            answer.begin()
            return answer.status, dict(answer.getheaders()), answer.read()


def on_addresses(call: Call) -> Iterator[Call]:
    head, _slash, last = call.path.rpartition(b"/")
    for path in (
        call.path + b"/",
        call.path + b"//",
        call.path + b"/.",
        call.path + b"%2f",
        call.path + b"%00",
        call.path + b";a=b",
        call.path + b".json",
        head + b"/" + last.upper(),
        head + b"//" + last,
        head + b"/./" + last,
        head + b"/%2e%2e/" + last,
        head + b"/%ff%fe",
        head + b"/" + "é".encode(),
        head + b"/" + b"x" * 10_000,
        head + b"/%0d%0aX-Injected:%20yes",
    ):
        yield replace(call, path=path)


def on_queries(call: Call, parameters: list[str]) -> Iterator[Call]:
    for query in (b"a=1&" * 2_000, b"%00=%00", b"format=xml", b"_method=DELETE", *_BAD_BYTES):
        yield replace(call, query=query)
    for name in parameters:
        values = [_percent(text) for text in _BAD_TEXTS] + _BAD_BYTES
        for value in values:
            yield replace(call, query=name.encode() + b"=" + value)
        twice = name.encode() + b"=1&" + name.encode() + b"=2"
        yield replace(call, query=twice)
        yield replace(call, query=name.encode() + b"[]=1&" + name.encode() + b"[a]=1")
        yield replace(call, query=name.encode())


def on_ids(call: Call) -> Iterator[Call]:
    """The path's id, wherever it is, in other words."""
    before, _brace, after = call.path.partition(b"{id}")
    for text in _BAD_TEXTS:
        yield replace(call, path=before + _percent(text) + after)
    for value in (b"%ff", b"%ed%a0%80", b"ord_%00", b"ord_" + b"0" * 26, b"whk_" + b"Z" * 26):
        yield replace(call, path=before + value + after)


def on_headers(call: Call, key: bytes) -> Iterator[Call]:
    for value in (
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer " + key + b" " + key,
        b"bearer\t" + key,
        b"Basic " + key,
        b"Token " + key,
        key,
        b"Bearer \xff\xfe",
        b"Bearer " + "ключ".encode(),
        b"Bearer nx_live_" + b"x" * 5_000,
        b"Bearer " + key.upper(),
        b"Bearer " + key[:-1],
    ):
        yield call.with_headers((b"Authorization", value))
    for name, values in {
        b"X-NexOTP-API-Key": [b"other", b"\xff", key + b"x"],
        b"Accept": [b"*/xml", b"text/html", b"\xff", b"application/json;q=x", b"," * 5_000],
        b"Accept-Language": [b"*", b"xx;q=nan", b"id;q=9", b"\xff", b"a-" * 5_000, b"zh-Hant,,;"],
        b"Content-Encoding": [b"gzip", b"br", b"x"],
        b"Content-Type": [
            *(b"", b"?", b"text/plain", b"\xff", b"application/json; a*=bogus''%41"),
            *(b"application/json; charset=" + codec for codec in (b"utf-16", b"hex", b"idna")),
            b"a; b*0*=x''a; b*1*=%ff",
        ],
        b"Idempotency-Key": [b"", b'""', b"\xff", b"a\tb", b"x" * 300, "ключ".encode()],
        b"X-Forwarded-For": [b"", b"'", b"::1%lo", b"1.2.3.4, " * 500],
        b"X-Forwarded-Proto": [b"ftp"],
        b"X-Http-Method-Override": [b"DELETE"],
        b"X-Request-Id": [b"req_" + b"0" * 26],
        b"Cookie": [b"sessionid=x; csrftoken=y", b"\xff"],
        b"Range": [b"bytes=0-1"],
        b"If-Match": [b"*"],
        b"If-Modified-Since": [b"yesterday"],
        b"Expect": [b"200-ok"],
        b"Origin": [b"https://elsewhere.example"],
        b"X-Nothing": [b"x" * 20_000],
    }.items():
        for value in values:
            yield call.with_headers((name, value))


def on_bodies(call: Call, fields: list[str]) -> Iterator[Call]:
    """Bad bodies, and good ones with one bad field each."""
    for body in _BAD_BODIES:
        yield call.with_body(body)
    yield replace(call.with_body(b"{}"), body=gzip.compress(call.body)).with_headers(
        (b"Content-Encoding", b"gzip")
    )
    for field in fields:
        for value in _BAD_VALUES:
            yield call.with_body(_replaced(call.body, field, value))


def on_methods(call: Call) -> Iterator[Call]:
    for method in (b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"PATCH", b"QUERY", b"PROPFIND"):
        yield replace(call, method=method)
    for method in (b"GET", b"POST", b"DELETE", b"get", b"BREW", b"X-" + b"Y" * 40):
        yield replace(call, method=method)
        yield replace(call, method=method).with_body(b"[" * 100)


def on_framing(call: Call) -> Iterator[Call]:
    """Bodies in pieces, and bodies whose end is told wrongly or in two ways."""
    chunked = (b"Transfer-Encoding", b"chunked")
    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(call.body), call.body) if call.body else b"0\r\n\r\n"
    for body in (
        whole,
        whole.replace(b"0\r\n\r\n", b"0\r\nX-Trailer: 1\r\n\r\n"),
        b"3;a=b\r\n{ }\r\n0\r\n\r\n",
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\n{}",
        b"80000\r\n" + b" " * 0x80000 + b"\r\n0\r\n\r\n",
    ):
        yield replace(call, body=body, framing=(chunked,))
    for coding in (b"identity", b"gzip", b"gzip, chunked", b"chunked, chunked", b"Chunked", b""):
        yield replace(call, body=whole, framing=((b"Transfer-Encoding", coding),))
    yield replace(call, body=whole, framing=(chunked, (b"Content-Length", b"3")))
    for length in (b"", b"-1", b"+2", b"2, 2", b"0x2", b"two", b"9" * 30):
        yield replace(call, body=b"{}", framing=((b"Content-Length", length),))
    yield replace(call, body=b"{}", framing=((b"Content-Length", b"1"),))
    yield replace(call, framing=((b"Content-Length", b"2"), (b"Content-Length", b"3")), body=b"{}")


def _percent(text: str) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in text.encode())


def _replaced(body: bytes, field: str, value: bytes) -> bytes:
    """Return a JSON object with one field more, which counts as it is the last."""
    inside = body.strip().removeprefix(b"{").removesuffix(b"}").strip()
    return (
        b"{" + inside + (b", " if inside else b"") + b'"' + field.encode() + b'": ' + value + b"}"
    )
