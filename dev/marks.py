"""`make marks`: draws static/marks/*.svg, a small app icon for each service whose brand has one.

The glyphs are Simple Icons' (CC0), from the package simplepycons. Brands stay their owners'; a
glyph under a licence of its own is left out. ARGS=--check only compares.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "static/marks"
SERVICES = ROOT / "catalog/data/services.tsv"
# Ours by the library's names, where the two do not agree.
OTHER_NAMES = {
    "blizzard": "battledotnet",
    "mail-ru-group": "maildotru",
    "twitter": "x",
    "uplay": "ubisoft",
    "weibo": "sinaweibo",
}
# The library's icon of that name belongs to somebody else.
NAMESAKES = {"bit", "globus", "hermes", "metro"}
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
    '<path fill="{ground}" d="M0 0h48v48H0z"/>'
    '<path fill="{ink}" transform="translate(12 12)" d="{path}"/></svg>\n'
)
LIGHT, DARK = "#fff", "#111"


def draw() -> dict[str, str]:
    """Return the picture of every service that has one, by the service's code."""
    from simplepycons import all_icons  # type: ignore[attr-defined]

    icons: dict[str, Any] = {}
    for name in all_icons.names():
        icon = all_icons[name]
        icons[_plain(icon.title)] = icon
        icons.setdefault(_plain(name), icon)
    with SERVICES.open(encoding="utf-8", newline="") as lines:
        services = list(csv.DictReader(lines, delimiter="\t"))
    pictures = {}
    for service in services:
        code = service["code"]
        wanted = [OTHER_NAMES.get(code, service["name"]), code]
        found = next((icons[key] for name in wanted if (key := _plain(name)) in icons), None)
        if found and code not in NAMESAKES and not any(found.license):
            pictures[code] = _picture(found)
    return pictures


def _plain(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", ascii_only.lower())


def _picture(icon: Any) -> str:
    path = re.search(r'<path\s+d="([^"]+)"', icon.raw_svg)
    assert path is not None, icon.title
    ground = str(icon.primary_color).lower()
    return PICTURE.format(ground=ground, ink=_ink_on(ground), path=" ".join(path[1].split()))


def _ink_on(ground: str) -> str:
    """White, unless the brand's colour is too pale for it (WCAG asks 3:1 of a graphic)."""
    channels = [int(ground[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    # Brands set white on a little less than that, and are known by it.
    return LIGHT if 1.05 / (luminance + 0.05) >= 1.9 else DARK


def main(arguments: list[str]) -> int:
    pictures = {f"{code}.svg": text for code, text in draw().items()}
    there = {path.name: path.read_text() for path in FOLDER.glob("*.svg")}
    if "--check" in arguments:
        return int(pictures != there)
    FOLDER.mkdir(exist_ok=True)
    for name in there.keys() - pictures.keys():
        (FOLDER / name).unlink()
    for name, text in pictures.items():
        (FOLDER / name).write_text(text)
    print(f"{len(pictures)} marks, {sum(map(len, pictures.values())) // 1024} kB in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
