"""Reading uploaded files: no more of one is kept than may be used."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class SmallFiles(FileUploadHandler):
    """Keeps a file in memory up to one byte more than is allowed, and drops the rest.

    So a form sees that it is too large, and whoever sends gigabytes fills neither memory nor disk.
    """

    _kept: BytesIO

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._kept = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._kept.write(raw_data[: settings.PROOF_MAX_BYTES + 1 - self._kept.tell()])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        size = self._kept.tell()
        self._kept.seek(0)
        return InMemoryUploadedFile(
            file=self._kept,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=size,
            charset=self.charset,
        )
