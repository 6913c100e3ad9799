"""Leads a browser to the page, without its token in any argument, environment or log.

It is given a file that only we can read and that leads on to the page. It lies in the folder
for temporary files, which a session's sandbox does not see, and is removed as soon as it has led
somebody there.
"""

import os
import tempfile
from contextlib import suppress

from gitkanban import files


class OpenFile:
    """The file that leads a browser to an address; `remove` it when it has."""

    def __init__(self, address: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="gitkanban-web-")
        self.path = os.path.join(self._folder, "open.html")
        text = (
            '<!doctype html><meta charset="utf-8"><title>gitkanban web</title>'
            f'<meta http-equiv="refresh" content="0; url={address}">'
        )
        files.replace(self.path, text.encode(), mode=0o600)

    def remove(self) -> None:
        """Remove the file and its folder; again does no harm."""
        files.remove(self.path)
        with suppress(FileNotFoundError):
            files.remove_folder(self._folder)
