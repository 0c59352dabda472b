from django.urls import path

from nexotp.reference import pages

urlpatterns = [
    path("", pages.overview, name="docs"),
    path("api/<slug:slug>/", pages.call, name="docs_call"),
    path("guides/<slug:slug>/", pages.guide, name="docs_guide"),
    path("errors/", pages.errors, name="docs_errors"),
    path("search/", pages.search, name="docs_search"),
    path("swagger/", pages.swagger, name="docs_swagger"),
    path("redoc/", pages.redoc, name="docs_redoc"),
    path("events/", pages.events, name="docs_events"),
]
