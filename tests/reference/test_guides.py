"""The guides: the same in both languages, and true to the calls they tell of."""

import re
from pathlib import Path

import pytest

from nexotp.reference.calls import reference
from nexotp.reference.events import EVENTS, example_of
from nexotp.reference.guides import FOLDER, OVERVIEW, SLUGS, guides, linker, text
from nexotp.reference.markdown import INCLUDED, Page, Writer
from suppliers.sandbox import SCRIPTS
from webhooks.states import EventType

ALL = (*SLUGS, OVERVIEW)


def source(slug: str, language: str) -> str:
    return (FOLDER / language / f"{slug}.md").read_text()


def shape(page: Page) -> list[tuple[object, ...]]:
    """What must be alike in every language: headings, their anchors, samples."""
    headings = [(each.depth, each.anchor) for each in page.sections]
    samples = [tuple(pane.code for pane in part.panes) for part in page.parts if part.panes]
    return [*headings, *samples]


def test_every_guide_is_written_in_every_language() -> None:
    for language in ("en", "id"):
        written = {path.stem for path in (FOLDER / language).glob("*.md")}
        assert written == set(ALL)


@pytest.mark.parametrize("slug", ALL)
def test_a_guide_has_the_same_shape_in_both_languages(slug: str) -> None:
    english, indonesian = text(slug, "en"), text(slug, "id")

    assert shape(english) == shape(indonesian)
    assert len(english.sections) > 4
    assert english.title != indonesian.title or slug == "webhooks"
    for page in (english, indonesian):
        assert len(page.summary) > 60
        assert all(section.anchor for section in page.sections)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("slug", ALL)
def test_every_call_that_a_guide_names_exists(slug: str, language: str) -> None:
    known = reference(language)
    named = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", source(slug, language))
    named += re.findall(r"^```call (.+)$", source(slug, language), re.MULTILINE)

    assert [each for each in named if known.by_verb(each) is None] == []


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("slug", ALL)
def test_every_target_of_a_guides_links_is_known(slug: str, language: str) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", source(slug, language))
    link_to = linker(reference(language))

    unknown = [
        each for each in targets if not each.startswith("https://") and link_to(each) is None
    ]
    assert unknown == []


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_sandbox_guide_tells_of_every_scenario(language: str) -> None:
    assert set(re.findall(r"^\| `(test-[a-z-]+)`", source("sandbox", language), re.MULTILINE)) == (
        set(SCRIPTS)
    )


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_guide_to_errors_tells_of_every_bucket(language: str) -> None:
    buckets = {call.bucket for call in reference("en").calls}

    told = re.findall(r"^\| `([A-Z]+)` \|", source("errors-and-limits", language), re.MULTILINE)
    assert set(told) == buckets


def test_every_sample_file_is_printed_somewhere() -> None:
    everything = "".join(source(slug, "en") for slug in ALL)
    files = [str(path.relative_to(INCLUDED)) for path in INCLUDED.rglob("*.*")]

    assert len(files) >= 10
    assert [name for name in files if f"include={name}" not in everything] == []


def test_what_was_typed_as_html_stays_text() -> None:
    writer = Writer(reference("en"), lambda _target: None)

    page = writer.page("# T\n\nA <b>b</b> [x](javascript:alert(1))\n\n<script>x</script>\n")

    html = str(page.lead) + "".join(str(part.html) for part in page.parts)
    assert "<script" not in html
    assert "<b>" not in html
    assert 'href="javascript' not in html


def test_a_call_that_this_shop_does_not_have_brings_no_samples() -> None:
    writer = Writer(reference("en"), lambda _target: None)

    page = writer.page("# T\n\nLead.\n\n```call GET /nothing\n```\n")

    assert [part for part in page.parts if part.panes] == []


def test_events_are_those_that_the_shop_sends() -> None:
    assert set(EVENTS) == set(EventType.values)
    order = {"orderId": "ord_1", "status": "received", "otp": "123456", "price": 6500}
    expired = example_of("order.expired", order)["data"]
    assert (expired["status"], expired["otp"], expired["refundAmount"]) == ("expired", None, 6500)
    assert example_of("order.received", order)["data"] == order


def test_guides_are_in_reading_order() -> None:
    assert [guide.slug for guide in guides("en")] == list(SLUGS)
    assert Path(FOLDER / "en").is_dir()
