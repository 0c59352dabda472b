"""The reference at /docs/: pages for people, open to everybody, made from the OpenAPI document.

A signed-in reader finds a sandbox key of their own in every sample; such a page is kept by nobody.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _

from accounts.models import Plan
from accounts.reference_key import reference_key
from nexotp.lib.pages import addresses_of, public_page
from nexotp.reference.calls import Call, Reference, reference
from nexotp.reference.edition import Edition, edition_for
from nexotp.reference.events import EVENTS, example_of
from nexotp.reference.guides import OVERVIEW, guides
from nexotp.reference.guides import text as guide_text
from nexotp.reference.markdown import pane
from nexotp.reference.samples import LANGUAGES, MOUNT, request_of
from nexotp.reference.search import LONGEST_QUESTION, find
from nexotp.reference.trying import inputs_of

_SCHEMA = f"{settings.API_PREFIXES[0]}schema"
BUCKETS = ("GENERAL", "ORDER", "POLL")
# A plan that allows so many calls a minute has no limits worth telling.
_NO_LIMIT = 100_000

# Redoc writes its style sheets at run time; the shop's own policy is enough for everything else.
_REDOC_POLICY = {"style-src": ["'self'", "'unsafe-inline'"]}

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A page in the navigation; a call's has its method."""

    title: str
    url: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Pages that stand together."""

    title: str
    items: tuple[Item, ...]


def docs_page(view: View) -> View:
    """A page for everybody, in the language of its `?lang`, which is then remembered."""

    @public_page
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = view(request, *args, **kwargs)
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        return response

    return page


@docs_page
def overview(request: HttpRequest) -> HttpResponse:
    """Where the API is, what holds for every call, and the list of all."""
    edition = _edition(request)
    first = reference(edition.language).by_name("getBalance")
    return _page(
        request,
        "reference/overview.html",
        edition,
        text=guide_text(OVERVIEW, edition.language),
        guides=guides(edition.language),
        groups=reference(edition.language).groups,
        first=first,
        panes=_panes(first) if first else (),
        plans=_plans(),
        buckets=BUCKETS,
        schemas={
            "JSON": f"{edition.host}{_SCHEMA}",
            "YAML": f"{edition.host}{_SCHEMA}?format=yaml",
        },
    )


@docs_page
def call(request: HttpRequest, slug: str) -> HttpResponse:
    """One call: what it takes, what it answers, how it fails, and code that makes it."""
    edition = _edition(request)
    known = reference(edition.language)
    found = known.by_slug(slug)
    if found is None:
        raise Http404
    common = {each.failure.code for each in known.reasons if each.is_of_every_call}
    return _page(
        request,
        "reference/call.html",
        edition,
        call=found,
        group=next(group for group in known.groups if group.tag == found.tag),
        address=f"{edition.host}{MOUNT}{found.path}",
        mount=MOUNT,
        panes=_panes(found),
        inputs=inputs_of(found),
        failures=[each for each in found.failures if each.code not in common],
        common_failures=[each for each in found.failures if each.code in common],
        leads_to=[known.by_name(name) for name in found.leads_to],
    )


@docs_page
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """One guide."""
    edition = _edition(request)
    found = next((each for each in guides(edition.language) if each.slug == slug), None)
    if found is None:
        raise Http404
    return _page(request, "reference/guide.html", edition, guide=found, text=found.page)


@docs_page
def errors(request: HttpRequest) -> HttpResponse:
    """Every error code."""
    edition = _edition(request)
    return _page(
        request,
        "reference/errors.html",
        edition,
        reasons=reference(edition.language).reasons,
    )


@docs_page
def events(request: HttpRequest) -> HttpResponse:
    """Every event that a webhook may tell of."""
    edition = _edition(request)
    order = reference(edition.language).by_name("getOrder")
    shown = order.answer_example["data"] if order else {}
    events = [(name, meaning, example_of(name, shown)) for name, meaning in EVENTS.items()]
    return _page(request, "reference/events.html", edition, events=events)


@docs_page
def search(request: HttpRequest) -> HttpResponse:
    """What has the words of `?q` in it; htmx asks for the list alone while somebody types."""
    edition = _edition(request)
    question = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUESTION]
    found = find(question, edition.language)
    context = {"question": question, "found": found}
    if request.headers.get("HX-Request"):
        response = render(request, "reference/search.html#results", context)
    else:
        response = _page(request, "reference/search.html", edition, **context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@docs_page
def swagger(request: HttpRequest) -> HttpResponse:
    """Swagger UI over the same document."""
    return _viewer(request, "reference/swagger.html", name="Swagger UI")


@docs_page
@csp_update(_REDOC_POLICY)
def redoc(request: HttpRequest) -> HttpResponse:
    """Redoc over the same document."""
    return _viewer(request, "reference/redoc.html", name="Redoc")


def _viewer(request: HttpRequest, template: str, *, name: str) -> HttpResponse:
    edition = _edition(request)
    context = {
        "edition": edition,
        "name": name,
        "schema_url": f"{_SCHEMA}?lang={edition.language}",
    }
    return render(request, template, context)


def _edition(request: HttpRequest) -> Edition:
    key = ""
    if request.user.is_authenticated and not request.user.is_frozen:
        key = reference_key(user=request.user, now=timezone.now())
    return edition_for(request, key=key)


def _page(request: HttpRequest, template: str, edition: Edition, **context: Any) -> HttpResponse:
    shelves = _shelves(reference(edition.language))
    items = [item for shelf in shelves for item in shelf.items]
    places = [index for index, item in enumerate(items) if item.url == request.path]
    here = places[0] if places else None
    shared = {
        "edition": edition,
        "shelves": shelves,
        "here": items[here] if here is not None else None,
        "previous_page": items[here - 1] if here else None,
        "next_page": items[here + 1] if here is not None and here + 1 < len(items) else None,
        **addresses_of(request),
    }
    return render(request, template, shared | context)


def _shelves(known: Reference) -> tuple[Shelf, ...]:
    """Return the whole navigation, in reading order."""
    return (
        Shelf(_("Start"), (Item(_("Overview"), reverse("docs")), *_guides(known.language))),
        *(Shelf(group.title, tuple(_item(each) for each in group.calls)) for group in known.groups),
        Shelf(
            _("Look up"),
            (
                Item(_("Errors"), reverse("docs_errors")),
                Item(_("Webhook events"), reverse("docs_events")),
            ),
        ),
    )


def _guides(language: str) -> Iterator[Item]:
    for each in guides(language):
        yield Item(each.page.title, reverse("docs_guide", args=[each.slug]))


def _item(each: Call) -> Item:
    return Item(each.title, reverse("docs_call", args=[each.slug]), each.method)


def _panes(each: Call) -> list[Any]:
    request = request_of(each)
    return [pane(language.code, language.title, language.write(request)) for language in LANGUAGES]


def _plans() -> list[dict[str, Any]]:
    return [
        {"plan": plan, "buckets": [plan.bucket(name) for name in BUCKETS]}
        for plan in Plan.objects.filter(general_per_minute__lt=_NO_LIMIT).order_by(
            "general_per_minute"
        )
    ]
