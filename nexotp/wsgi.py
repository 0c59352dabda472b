"""What the web server runs."""

import os

from django.core.wsgi import get_wsgi_application

from nexotp.lib.logs import configure

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexotp.settings")

configure()
application = get_wsgi_application()
