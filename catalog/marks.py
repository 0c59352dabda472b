"""The small picture that stands for a service.

What staff sent in comes first, then the drawing that staff chose, then the one of its own code,
which dev/marks.py has drawn where the brand has one.
"""

from collections.abc import Mapping

from django.db.models import Q
from django.templatetags.static import static
from django.urls import reverse

from catalog.models import Service
from nexotp.lib.brief import briefly
from nexotp.lib.env import BASE_DIR

#: the names of the drawings
DRAWN = frozenset(path.stem for path in (BASE_DIR / "static/marks").glob("*.svg"))
_SECONDS = 30


def mark_url(code: str) -> str:
    """Return the address of a service's picture, or nothing."""
    return _chosen().get(code) or drawing_url(code)


def drawing_url(name: str) -> str:
    """Return the address of a drawing, or nothing."""
    return static(f"marks/{name}.svg") if name in DRAWN else ""


def picture_url(code: str, digest: str) -> str:
    """Return the address of a picture that staff sent in; another picture has another one."""
    return reverse("service_picture", args=[code, digest])


@briefly(seconds=_SECONDS)
def _chosen() -> Mapping[str, str]:
    """Return the pictures that are not the ones of services' own codes; hardly any."""
    other = Service.objects.exclude(Q(mark="") & Q(picture_digest=""))
    return {
        code: picture_url(code, digest) if digest else drawing_url(mark)
        for code, mark, digest in other.values_list("code", "mark", "picture_digest")
    }
