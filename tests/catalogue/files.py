"""What checkpoints, imatrix files and outputs can be told that no case table has: provocations by name."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import qrecipe
from qrecipe.api.staging import Staging, refuse_inputs
from qrecipe.backends.rows.place import Place
from qrecipe.inventory.build import inventory_of
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.imatrix import read_imatrix
from qrecipe.sources.local import LocalSource
from qrecipe.types.target import OutputFile
from tests.catalogue.workplace import workplace
from tests.planner.planning import tensor
from tests.sources.gguf_bytes import Row, gguf, head, text
from tests.sources.imatrix_bytes import imatrix
from tests.sources.safetensors_bytes import one
from tests.sources.test_package import GGUF, install, opened

FILES = (OutputFile("a.gguf", 5000, 100),)


def a_file_that_changes() -> object:
    Path("model.gguf").write_bytes(bytes(1024))
    string = open_bytes([Path("model.gguf")])
    Path("model.gguf").write_bytes(b"short")
    return string.read(0, 1)


def a_file_that_is_gone() -> object:
    return open_bytes([Path("model.gguf")])


def a_file_that_is_too_short() -> object:
    Path("model.gguf").write_bytes(bytes(1024))
    return open_bytes([Path("model.gguf")]).read(1000, 100)


def a_pipe_for_a_checkpoint() -> object:
    os.mkfifo("pipe.gguf")
    return open_bytes([Path("pipe.gguf")])


def a_folder_that_cannot_be_listed() -> object:
    Path("model").mkdir()
    with mock.patch.object(Path, "iterdir", side_effect=PermissionError(errno.EACCES, "Permission denied")):
        return LocalSource().open("model", Path())


def a_read_outside_a_tensor() -> object:
    Path("model.gguf").write_bytes(gguf())
    checkpoint = LocalSource().open("model.gguf", Path())
    return checkpoint.read("a.weight", 200, 100)


def a_header_without_end() -> object:
    Path("model.gguf").write_bytes(gguf([Row(b"a.weight")], [text(b"general.name", b"x" * 300)]))
    with mock.patch.multiple("qrecipe.sources.header_reader", _MOST=100, _STEP=50):
        return open_gguf(open_bytes([Path("model.gguf")]), "model.gguf")


def a_configuration_of_gigabytes() -> object:
    Path("model.safetensors").write_bytes(one())
    Path("config.json").write_bytes(b"{" + b" " * 1000 + b"}")
    with mock.patch("qrecipe.sources.safetensors._JSON_MOST", 1000):
        return LocalSource().open("model.safetensors", Path())


def a_checkpoint_of_no_tensors() -> object:
    Path("vocabulary.gguf").write_bytes(head(0, 0) + bytes(64))
    return inventory_of(LocalSource().open("vocabulary.gguf", Path()))


def an_imatrix_of_other_columns() -> object:
    sums = {"blk.0.ffn_up.weight.in_sum2": ((1, 2), (1, 2)), "blk.0.ffn_up.weight.counts": ((1, 1), (1,))}
    Path("model.imatrix").write_bytes(imatrix(sums))
    return read_imatrix(Path("model.imatrix")).importance_for(tensor("blk.0.ffn_up.weight", [4, 64]))


def a_package_of_a_strange_name() -> object:
    return opened("pkg:../etc")


def a_package_without_weights() -> object:
    with _site() as site:
        install(site, "qr-empty", {"qr_empty/readme.txt": b""})
        return opened("pkg:qr-empty")


def a_package_without_its_parts() -> object:
    with _site() as site:
        install(site, "qr-wanting", {}, ["qr-part1", "qr-part2"])
        return opened("pkg:qr-wanting")


def an_output_that_exists() -> object:
    Path("a.gguf").write_text("mine")
    return _staged()


def an_output_that_is_the_source() -> object:
    Path("model.gguf").write_bytes(GGUF)
    return refuse_inputs([Path("model.gguf")], [Path("model.gguf")])


def an_output_behind_a_link() -> object:
    Path("elsewhere").mkdir()
    Path("out").mkdir()
    Path("out/sub").symlink_to(Path("elsewhere").resolve())
    with Staging(Path("out"), (OutputFile("sub/a.gguf", 5000, 100),), replace=False) as staging:
        return staging.paths


def a_disk_that_is_full() -> object:
    with mock.patch("qrecipe.api.staging.allocate", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
        return _staged()


def an_output_folder_that_is_a_file() -> object:
    workplace()
    return qrecipe.build("mix.toml", output="tiny.gguf")


def a_disk_that_fails() -> object:
    return Place(Path("staged.part"), 64).write(b"abc")


def a_disk_that_fills_meanwhile() -> object:
    Path("staged.part").touch()
    with mock.patch("os.pwrite", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
        return Place(Path("staged.part"), 64).write(b"abc")


def _staged() -> object:
    with Staging(Path(), FILES, replace=False) as staging:
        return staging.paths


@contextmanager
def _site():
    """A folder of installed packages; it is the working folder."""
    here = Path.cwd()
    with mock.patch.object(sys, "path", [str(here), *sys.path]):
        yield here
