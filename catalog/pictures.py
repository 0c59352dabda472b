"""Pictures for services as staff sends them in: read as PNG, and written anew.

Nothing of the file that was sent is kept but its size, its palette and its pixels, so whatever
else it carries (text, profiles, what follows its end, another format in disguise) is gone.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

#: what a picture file may weigh, in bytes
MOST_BYTES = 256 * 1024
#: the width and height that a picture may have, in pixels
SMALLEST, LARGEST = 32, 512
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Channels by color type, and the depths that each may have.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_PALETTE = 3
_FILTERS = 5


class NotAPicture(ValueError):
    """The file is no PNG that the shop can show."""


class WrongSize(NotAPicture):
    """It is not square, or too small, or too large."""


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    depth: int
    color: int

    @property
    def row_bytes(self) -> int:
        """Of one row, with the byte that names its filter."""
        return 1 + (self.width * self.depth * _CHANNELS[self.color] + 7) // 8


def redrawn(content: bytes) -> bytes:
    """Return a PNG with the same pixels and nothing else. Raises NotAPicture, WrongSize."""
    try:
        parts = _parts(content)
    except (struct.error, zlib.error) as error:
        raise NotAPicture(str(error)) from error
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts)


def digest_of(png: bytes) -> str:
    """Return a short name that another picture will not have."""
    return hashlib.sha256(png).hexdigest()[:16]


def _parts(content: bytes) -> list[tuple[bytes, bytes]]:
    if len(content) > MOST_BYTES or not content.startswith(_SIGNATURE):
        raise NotAPicture("not a PNG")
    header: _Header | None = None
    kept: dict[bytes, bytes] = {}
    packed = b""
    for kind, body in _chunks(content):
        if header is None:
            header = _header(kind, body)
        elif kind == b"IDAT":
            packed += body
        elif kind in {b"PLTE", b"tRNS"} and kind not in kept and not packed:
            kept[kind] = body
    if header is None or not packed:
        raise NotAPicture("no pixels")
    _check_palette(header, kept)
    about = struct.pack(
        ">IIBBBBB", header.width, header.height, header.depth, header.color, 0, 0, 0
    )
    return [
        (b"IHDR", about),
        *((kind, kept[kind]) for kind in (b"PLTE", b"tRNS") if kind in kept),
        (b"IDAT", zlib.compress(_pixels(header, packed), 9)),
        (b"IEND", b""),
    ]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk up to the end that the file itself names."""
    at = len(_SIGNATURE)
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        (crc,) = struct.unpack_from(">I", content, at + 8 + size)
        if len(body) != size or crc != zlib.crc32(kind + body):
            raise NotAPicture("broken")
        if kind == b"IEND":
            return
        yield kind, body
        at += 12 + size
    raise NotAPicture("cut off")


def _header(kind: bytes, body: bytes) -> _Header:
    if kind != b"IHDR" or len(body) != 13:
        raise NotAPicture("no header")
    width, height, depth, color, packing, filtering, interlaced = struct.unpack(">IIBBBBB", body)
    if width != height or not SMALLEST <= width <= LARGEST:
        raise WrongSize(f"{width} × {height}")
    if depth not in _DEPTHS.get(color, ()) or packing or filtering or interlaced:
        raise NotAPicture("a kind of PNG that is not taken")
    return _Header(width, height, depth, color)


def _check_palette(header: _Header, kept: dict[bytes, bytes]) -> None:
    """Keep only what this kind of picture has, as long as it may be."""
    colors = kept.get(b"PLTE", b"")
    if header.color != _PALETTE:
        kept.clear()
        return
    if not 3 <= len(colors) <= 3 << header.depth or len(colors) % 3:
        raise NotAPicture("no palette")
    if len(kept.get(b"tRNS", b"")) > len(colors) // 3:
        raise NotAPicture("more transparency than colors")


def _pixels(header: _Header, packed: bytes) -> bytes:
    """Unpack exactly as many bytes as the picture has: what would grow larger is refused."""
    wanted = header.row_bytes * header.height
    unpacking = zlib.decompressobj()
    pixels = unpacking.decompress(packed, wanted + 1)
    if len(pixels) != wanted or any(
        filtered >= _FILTERS for filtered in pixels[:: header.row_bytes]
    ):
        raise NotAPicture("not as many pixels as it says")
    return pixels


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
