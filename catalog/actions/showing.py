"""What customers see of services and countries: whether, and with which picture."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Service, ServicePicture
from catalog.pictures import digest_of


def set_visibility(rows: QuerySet[Any], *, is_visible: bool) -> int:
    """Show services or countries, or hide them; return how many were otherwise.

    What is hidden can neither be found nor bought, wherever it is asked for.
    """
    return rows.exclude(is_visible=is_visible).order_by().update(is_visible=is_visible)


@transaction.atomic
def set_picture(service: Service, png: bytes | None) -> None:
    """Show a service with this picture, which `pictures.redrawn` has made; or with a drawing."""
    digest = "" if png is None else digest_of(png)
    Service.objects.filter(pk=service.pk).update(picture_digest=digest)
    if png is None:
        ServicePicture.objects.filter(service=service).delete()
    else:
        ServicePicture.objects.update_or_create(
            service=service, defaults={"digest": digest, "png": png}
        )
