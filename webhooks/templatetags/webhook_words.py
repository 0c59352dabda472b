"""The words and colors of webhooks, for their templates."""

from django import template

from webhooks import wording

register = template.Library()

for _word in (
    wording.endpoint_tone,
    wording.endpoint_label,
    wording.disabled_label,
    wording.events_label,
    wording.event_label,
    wording.delivery_tone,
    wording.delivery_label,
    wording.attempt_label,
):
    register.filter(_word.__name__, _word)
