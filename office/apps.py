from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "office"
    verbose_name = _("Office")

    def ready(self) -> None:
        from nexotp.lib.acting import audit_tables
        from office import failing
        from office.labels import name_columns
        from office.roles import set_roles
        from office.triggers import AUDITED

        name_columns()
        failing.listen()
        audit_tables([each.table for each in AUDITED])
        # The last app: by now every permission exists.
        post_migrate.connect(set_roles, sender=self)
