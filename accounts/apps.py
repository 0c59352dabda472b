from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        from accounts import checks  # noqa: F401  registers itself
        from accounts.second_step import remember_added

        authenticator_added.connect(remember_added)
