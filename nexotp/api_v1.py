from django.urls import path
from nexotp.health import healthz as not_found
v1 = []
