"""The pages of accounts. Names that begin with account_ and mfa_ are django-allauth's own."""

from allauth.account import views as door
from allauth.mfa.base import views as second_step
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions import views as sessions
from django.urls import path

from accounts.views import account, agreeing, choosing, developers

_SECURITY = "account/security"

urlpatterns = [
    path("sign-in/", account.sign_in, name="account_login"),
    path("sign-in/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/second-step/", second_step.authenticate, name="mfa_authenticate"),
    path("sign-in/closed/", door.account_inactive, name="account_inactive"),
    path("sign-out/", door.logout, name="account_logout"),
    path("sign-up/", door.signup, name="account_signup"),
    path("sign-up/code/", door.email_verification_sent, name="account_email_verification_sent"),
    path("forgot-password/", door.password_reset, name="account_reset_password"),
    path(
        "forgot-password/code/",
        door.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path(
        "forgot-password/new/",
        door.complete_password_reset,
        name="account_complete_password_reset",
    ),
    path(
        "forgot-password/done/",
        door.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    path("account/", account.show_account, name="account"),
    path("account/email/", door.email, name="account_email"),
    path("account/password/", door.password_change, name="account_change_password"),
    path("account/password/first/", door.password_set, name="account_set_password"),
    path("account/sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("account/confirm/", door.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", second_step.reauthenticate, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path(f"{_SECURITY}/", second_step.index, name="mfa_index"),
    path(f"{_SECURITY}/app/", totp.activate_totp, name="mfa_activate_totp"),
    path(f"{_SECURITY}/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(f"{_SECURITY}/recovery/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        f"{_SECURITY}/recovery/new/",
        recovery.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        f"{_SECURITY}/recovery/file/",
        recovery.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path(f"{_SECURITY}/passkeys/", passkeys.list_webauthn, name="mfa_list_webauthn"),
    path(f"{_SECURITY}/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path(
        f"{_SECURITY}/passkeys/<int:pk>/",
        passkeys.edit_webauthn,
        name="mfa_edit_webauthn",
    ),
    path(
        f"{_SECURITY}/passkeys/<int:pk>/remove/",
        passkeys.remove_webauthn,
        name="mfa_remove_webauthn",
    ),
    path("terms/agree/", agreeing.agree, name="agree_to_terms"),
    path("developers/", developers.list_keys, name="developers"),
    path("developers/keys/add/", developers.add_key, name="add_key"),
    path("developers/keys/<slug:key_id>/", developers.show_key, name="key"),
    path("developers/keys/<slug:key_id>/rotate/", developers.rotate_key, name="rotate_key"),
    path("developers/keys/<slug:key_id>/revoke/", developers.revoke_key, name="revoke_key"),
    path(
        "developers/keys/<slug:key_id>/dialect/", developers.choose_dialect, name="choose_dialect"
    ),
    path("developers/usage/", developers.show_usage, name="usage"),
    path("language/", choosing.choose_language, name="set_language"),
    path("mode/", choosing.choose_mode, name="choose_mode"),
]
