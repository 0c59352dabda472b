"""Every setting of the shop. What differs between machines comes from the environment."""

import warnings
from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from nexotp.lib.env import BASE_DIR, data_dir, env, setting

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = setting("SECRET_KEY", "secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# "1:secret,2:secret": the highest version signs new keys, the others still verify old ones.
API_KEY_PEPPERS = setting("API_KEY_PEPPERS", "api_key_pepper")
# Fernet keys, the first encrypts, all decrypt.
ENCRYPTION_KEYS = setting("ENCRYPTION_KEYS", "encryption_key").split(",")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "nexotp",
    "accounts",
    "webhooks",
    "wallet",
    "catalog",
    "orders",
    "office",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "nexotp.lib.http.ApiMiddleware",
    "orders.handler.door.HandlerMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "office.middleware.ActingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "office.viewing.ViewingMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.second_step.StaffSecondStepMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nexotp.trouble.TroubleMiddleware",
    "accounts.middleware.TermsMiddleware",
]

ROOT_URLCONF = "nexotp.urls"
WSGI_APPLICATION = "nexotp.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wallet.context_processors.wallet",
                "nexotp.frame.frame",
                "nexotp.live.address.live",
                "accounts.context_processors.mail",
            ],
            "libraries": {"reference": "nexotp.reference.tags"},
        },
    },
]

# ---- PostgreSQL -------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.db_url_config(setting("DATABASE_URL", "database_url")),
        # A pooled connection may be dead after PostgreSQL restarted; it is replaced before use.
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0,
    }
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        # A connection is held only while it is used: supplier calls give it back first.
        "pool": {
            "min_size": env.int("DB_POOL_MIN", default=1),
            "max_size": env.int("DB_POOL_MAX", default=16),
            "timeout": 4,
        },
        # Reads put together once (nexotp/lib/db.py) are planned once a connection, too; queries of
        # Django itself are never prepared.
        "prepare_threshold": 5,
        "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s",
        "connect_timeout": 5,
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis or Valkey --------------------------------------------------------------------------
REDIS_URL = setting("REDIS_URL", "redis_url")

CACHES = {
    "default": {"BACKEND": "nexotp.lib.cache.SteadyCache", "LOCATION": REDIS_URL},
}

# ---- Celery -----------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("BROKER_URL", default="") or setting("BROKER_URL", "broker_url")

# ---- People -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "buy"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "accounts.forms.entering.SignInForm",
    "signup": "accounts.forms.entering.SignUpForm",
    "confirm_email_verification_code": "accounts.forms.entering.ConfirmEmailForm",
    "reset_password": "accounts.forms.entering.ForgotPasswordForm",
    "confirm_password_reset_code": "accounts.forms.entering.ConfirmResetForm",
    "reset_password_from_key": "accounts.forms.entering.NewPasswordForm",
    "change_password": "accounts.forms.entering.ChangePasswordForm",
    "set_password": "accounts.forms.entering.FirstPasswordForm",
    "add_email": "accounts.forms.entering.ChangeEmailForm",
    "reauthenticate": "accounts.forms.entering.ConfirmPasswordForm",
}
# A code typed into the page, as the mail is often read on another device than the one that asks.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# No change of a mistyped address on that page: it can be offered to new people only, and would
# tell who is new. They sign up again.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A sign-up whose address nobody confirms is deleted after so many days.
UNCONFIRMED_DAYS = env.int("UNCONFIRMED_DAYS", default=7)
# What counts beside django-allauth's own limits, and by what: accounts/guessing.py.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/300s/key",
    "login_failed_everywhere": "20/300s/key",
    "login_failed_known_browser": "5/300s/key",
    # A stranger's requests alone must not use up the codes by which an owner comes in.
    "reset_password": "5/m/ip,15/m/key",
}
# Before keys, secrets and whatever protects the account: the password or a second step again.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Not so soon after signing in, or after having been asked.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60

MFA_ADAPTER = "accounts.adapters.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "NexOTP"
# A code of half a minute ago still counts: phones' clocks differ, and typing takes time.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "accounts.forms.entering.SecondStepForm",
    "reauthenticate": "accounts.forms.entering.ConfirmSecondStepForm",
    "activate_totp": "accounts.forms.entering.AddAuthenticatorForm",
    "add_webauthn": "accounts.forms.entering.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.entering.RenamePasskeyForm",
}

# ---- Maintenance ------------------------------------------------------------------------------
# While this file exists the shop is closed to all but staff; it may hold a number of minutes.
MAINTENANCE_FILE = env.str("MAINTENANCE_FILE", default=str(BASE_DIR / "maintenance.on"))

# ---- Languages --------------------------------------------------------------------------------
LANGUAGE_CODE = "id"
LANGUAGES = [("id", _("Indonesian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Jakarta")
USE_TZ = True

# ---- Static files -----------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_ROOT.exists()
if WHITENOISE_USE_FINDERS:
    # Before collectstatic files come from where they are written, and that is no fault.
    warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if WHITENOISE_USE_FINDERS
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# ---- What people upload -----------------------------------------------------------------------
# Outside of all that is served as it is: views decide who sees what.
MEDIA_ROOT = env.str("MEDIA_ROOT", default="") or str(data_dir() / "media")
FILE_UPLOAD_HANDLERS = ["nexotp.lib.uploads.SmallFiles"]
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FILES = 2

# ---- API --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["nexotp.lib.http.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["nexotp.lib.http.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nexotp.lib.http.OneFormat",
    "EXCEPTION_HANDLER": "nexotp.lib.http.envelope_errors",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "accounts.description.ApiSchema",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "VERSION": "1",
    # Said in nexotp.reference.schema, where it can be translated.
    "TITLE": "NexOTP API",
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": [],
    "SERVE_INCLUDE_SCHEMA": False,
    # It would take the two mounts for two calls of one name; the tests build the document.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    # Words come from the descriptions beside the views, never from docstrings.
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
API_PREFIXES = ("/api/v1/", "/wp-json/nexotp/v1/")

# ---- Money ------------------------------------------------------------------------------------
SHOP_CURRENCY = env.str("SHOP_CURRENCY", default="IDR")
SANDBOX_GRANT = env.int("SANDBOX_GRANT", default=1_000_000)
# An exchange rate older than this prices nothing.
EXCHANGE_RATE_MAX_AGE_HOURS = env.int("EXCHANGE_RATE_MAX_AGE_HOURS", default=72)
# Who tells the rates, by a name of suppliers/rates/registry.py; empty: people, in the admin.
EXCHANGE_RATE_SOURCE = env.str("EXCHANGE_RATE_SOURCE", default="")
# The source's address, where it is not the usual one.
EXCHANGE_RATE_URL = env.str("EXCHANGE_RATE_URL", default="")
# A rate that moved further than this from the last one waits for a person's word.
EXCHANGE_RATE_LARGEST_MOVE_PERCENT = env.int("EXCHANGE_RATE_LARGEST_MOVE_PERCENT", default=10)
# What must be left of the price after the supplier's cost, in percent of the price.
FLOOR_MARGIN_PERCENT = env.int("FLOOR_MARGIN_PERCENT", default=0)

# What a top-up may be, and what is offered to be tapped, in minor units.
TOP_UP_MIN = env.int("TOP_UP_MIN", default=10_000)
TOP_UP_MAX = env.int("TOP_UP_MAX", default=10_000_000)
TOP_UP_PRESETS = env.list("TOP_UP_PRESETS", cast=int, default=[25_000, 50_000, 100_000, 250_000])
# How long a transfer by hand, or a payment at a gateway, may take.
TOP_UP_TRANSFER_HOURS = env.int("TOP_UP_TRANSFER_HOURS", default=24)
TOP_UP_PAYMENT_HOURS = env.int("TOP_UP_PAYMENT_HOURS", default=1)
# How many top-ups of one account may wait at once.
TOP_UP_MOST_OPEN = env.int("TOP_UP_MOST_OPEN", default=5)
# A proof of payment is no larger than this, in bytes.
PROOF_MAX_BYTES = env.int("PROOF_MAX_BYTES", default=5 * 1024 * 1024)

# The owner of a wallet that an order takes below this is told, in minor units; 0 is never. Owners
# may choose otherwise.
LOW_BALANCE_THRESHOLD = env.int("LOW_BALANCE_THRESHOLD", default=20_000)

# ---- Catalogue --------------------------------------------------------------------------------
# A supplier's cost that moved by more than this factor is held back …
CATALOGUE_PRICE_FACTOR = env.float("CATALOGUE_PRICE_FACTOR", default=3)
# … until so many syncs in a row have said so; the same for a list, a country or a service that
# suddenly shrank.
CATALOGUE_CONFIRMATIONS = env.int("CATALOGUE_CONFIRMATIONS", default=3)

# ---- Orders -----------------------------------------------------------------------------------
# Whoever took a row and did not finish with it in this time has died; another may take it. More
# than all the calls to a supplier that one order's step can need, 10 s each.
ORDER_LEASE_SECONDS = env.int("ORDER_LEASE_SECONDS", default=60)
# No further supplier is asked for an order after this long, …
PURCHASE_DEADLINE_SECONDS = env.float("PURCHASE_DEADLINE_SECONDS", default=15)
# … and one that still buys after this long was left behind by a crash: above the deadline plus
# the 10 s of one purchase.
PURCHASE_ABANDONED_SECONDS = env.int("PURCHASE_ABANDONED_SECONDS", default=60)
# A purchase whose answer was lost is looked for this often, this far apart (seconds), before we
# believe that nothing was bought.
UNKNOWN_PURCHASE_LOOKS = env.list("UNKNOWN_PURCHASE_LOOKS", cast=int, default=[10, 10, 20, 40, 60])
# After this long without a supplier's confirmation the customer is refunded anyway.
CLOSING_LIMIT_SECONDS = env.int("CLOSING_LIMIT_SECONDS", default=300)

# An account of whose last orders, if there were so many in these hours, fewer than so many percent
# got a code, or more than so many were cancelled, buys nothing for so long. Zero orders: never.
COOL_DOWN_WINDOW_HOURS = env.int("COOL_DOWN_WINDOW_HOURS", default=24)
COOL_DOWN_AFTER_ORDERS = env.int("COOL_DOWN_AFTER_ORDERS", default=20)
COOL_DOWN_BELOW_CODES_PERCENT = env.int("COOL_DOWN_BELOW_CODES_PERCENT", default=5)
COOL_DOWN_ABOVE_CANCELLED_PERCENT = env.int("COOL_DOWN_ABOVE_CANCELLED_PERCENT", default=90)
COOL_DOWN_MINUTES = env.int("COOL_DOWN_MINUTES", default=120)

# Staff is told when a supplier's balance lasts for fewer hours than this, and when it differs from
# our books by more than so many percent.
SUPPLIER_FLOAT_HOURS = env.int("SUPPLIER_FLOAT_HOURS", default=24)
SUPPLIER_DRIFT_PERCENT = env.int("SUPPLIER_DRIFT_PERCENT", default=2)

# ---- Staff ------------------------------------------------------------------------------------
# Above these a second person must agree, in minor units of the shop's currency: one refund, all
# refunds of one person on one day, one correction of a wallet.
REFUND_LIMIT = env.int("REFUND_LIMIT", default=50_000)
REFUND_DAILY_LIMIT = env.int("REFUND_DAILY_LIMIT", default=500_000)
ADJUSTMENT_LIMIT = env.int("ADJUSTMENT_LIMIT", default=100_000)

# ---- Webhooks ---------------------------------------------------------------------------------
WEBHOOK_MAX_ENDPOINTS = env.int("WEBHOOK_MAX_ENDPOINTS", default=10)
# Ports of customers' servers that are sent to.
WEBHOOK_PORTS = env.list("WEBHOOK_PORTS", cast=int, default=[443])
# For development: http and any port of this machine. `check --deploy` refuses it.
WEBHOOK_ALLOW_LOOPBACK = env.bool("WEBHOOK_ALLOW_LOOPBACK", default=False)
WEBHOOK_LOG_DAYS = env.int("WEBHOOK_LOG_DAYS", default=30)

# ---- Live pages -------------------------------------------------------------------------------
# The port of the shop's own host name at which browsers find the live process, where no proxy
# passes /live/ on to it, as in `make run`; WEB_PORT is where pages come from then.
LIVE_PORT = env.int("LIVE_PORT", default=0)
WEB_PORT = env.int("PORT", default=8000)
# Open streams of one account, of which the oldest gives way, and of one process.
LIVE_STREAMS_PER_ACCOUNT = env.int("LIVE_STREAMS_PER_ACCOUNT", default=20)
LIVE_STREAMS = env.int("LIVE_STREAMS", default=4_000)
# How often a quiet stream says that it is there; pages give it up after 40 seconds.
LIVE_BEAT_SECONDS = env.float("LIVE_BEAT_SECONDS", default=15)
# How long a stream may outlive its session.
LIVE_CHECK_SECONDS = env.float("LIVE_CHECK_SECONDS", default=60)

# ---- Mail -------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# For development: mail is kept in this folder and shown at /dev/mail/, and nothing is sent.
# `check --deploy` refuses it.
MAIL_FOLDER = env.str("MAIL_FOLDER", default="")
if MAIL_FOLDER:
    EMAIL_BACKEND = "nexotp.lib.outbox.FolderBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="NexOTP <noreply@localhost>")

# ---- Security ---------------------------------------------------------------------------------
SECURE = env.bool("SECURE", default=not DEBUG and "DATABASE_URL" in env.ENVIRON)
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
# How many proxies of ours stand in front: X-Forwarded-* is believed from that depth only.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *([f"*:{LIVE_PORT}"] if LIVE_PORT else [])],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    },
}

# ---- Logs -------------------------------------------------------------------------------------
LOGGING_CONFIG = "nexotp.lib.logs.configure"
DEFAULT_EXCEPTION_REPORTER = "nexotp.lib.reports.KeylessReporter"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "nexotp.lib.logs.RedactKeys"},
        "visitors_fault": {"()": "nexotp.lib.logs.VisitorsFault"},
    },
    "formatters": {"line": {"()": "nexotp.lib.logs.line_formatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["redact"],
            "formatter": "line",
        },
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # httpx2 logs whole URLs, and a supplier's key stands in its URL.
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        # Sweeps run every two seconds: a line for each would bury what matters.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # A customer's 4xx is the customer's affair.
        "django.request": {"level": "ERROR"},
        # Robots try any Host.
        "django.security.DisallowedHost": {"filters": ["visitors_fault"]},
    },
}

UNFOLD = {
    "SITE_TITLE": "NexOTP",
    "SITE_HEADER": "NexOTP",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("favicon.svg")}
    ],
    "SITE_ICON": lambda _request: static("favicon.svg"),
    # The storefront's green, from pale to deep.
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .015 172)",
            "100": "oklch(94.5% .03 172)",
            "200": "oklch(89% .06 172)",
            "300": "oklch(81% .09 172)",
            "400": "oklch(73% .11 172)",
            "500": "oklch(62% .11 172)",
            "600": "oklch(47.5% .09 172)",
            "700": "oklch(41% .08 172)",
            "800": "oklch(35% .065 172)",
            "900": "oklch(30% .055 172)",
            "950": "oklch(22% .04 172)",
        }
    },
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda _request: static("css/pages/office.css")],
    "ENVIRONMENT": "office.navigation.standing",
    "DASHBOARD_CALLBACK": "office.admin.home.dashboard",
    "SIDEBAR": {"navigation": "office.navigation.sidebar"},
}
