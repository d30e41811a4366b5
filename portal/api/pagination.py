"""Pages of a list."""

from __future__ import annotations

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """`page` and `page_size` in the address, at most 100 rows; the count and the neighbours in the answer."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
