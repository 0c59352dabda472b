"""The shop's settings, for one view and nothing around it."""

from nexotp.settings import *  # noqa: F403

ROOT_URLCONF = "bench.bare_urls"
MIDDLEWARE = []
