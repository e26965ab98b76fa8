"""A place in the staged file. The caller made the file at its full size, so that every task writes where it belongs.

The file is opened for each write: tasks may run in any thread or process, and none owns a handle. What the system
refuses becomes a BuildError.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qrecipe.backends.rows import faults
from qrecipe.errors import BuildError


@dataclass(frozen=True, slots=True)
class Place:
    """Byte `offset` of the file at `path`, from where on rows take `row_bytes` each."""

    path: Path
    offset: int
    row_bytes: int = 0

    def write(self, data: bytes, row: int = 0) -> None:
        """Write all of `data`, at the place of row `row`."""
        offset = self.offset + row * self.row_bytes
        try:
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                _write_all(descriptor, memoryview(data), offset)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise BuildError(faults.write_failed(self.path, offset, error)) from error


def _write_all(descriptor: int, data: memoryview, offset: int) -> None:
    """A write may take less than it is given."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written
