from django.urls import re_path

from orders.handler.door import handler as view

# With and without .php, as programs have it; a slash too many, where an address is put together
# of two, is forgiven.
handler = [re_path(r"^(?:/)?(?:(?P<path>hero|grizzly)/)?stubs/handler_api(?:\.php)?/?$", view)]
