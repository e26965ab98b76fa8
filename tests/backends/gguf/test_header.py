import pytest

from qrecipe.backends.gguf.header import TableRow, encode_header, file_dimensions, header_nbytes
from qrecipe.types.metadata import MetadataEntry, MetadataKind


@pytest.mark.parametrize(
    ("shape", "dimensions"),
    [
        ((), (1,)),
        ((1,), (1,)),
        ((1, 1), (1,)),
        ((5,), (5,)),
        ((1, 5), (5,)),
        ((3, 5), (5, 3)),
        ((5, 1), (1, 5)),
        ((2, 1, 5), (5, 1, 2)),
        ((2, 3, 4, 5), (5, 4, 3, 2)),
    ],
)
def test_dimensions_are_fastest_first_without_leading_ones(shape: tuple[int, ...], dimensions: tuple[int, ...]):
    assert file_dimensions(shape) == dimensions


def test_every_byte_of_a_small_header():
    metadata = [MetadataEntry.of("a.b", MetadataKind.UINT32, 7)]
    table = [TableRow("t", (2, 32), 8, 64)]
    assert encode_header(metadata, table) == (
        b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0"
        b"\x03\0\0\0\0\0\0\0a.b\x04\0\0\0\x07\0\0\0"
        b"\x01\0\0\0\0\0\0\0t\x02\0\0\0\x20\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x08\0\0\0\x40\0\0\0\0\0\0\0"
    ) + bytes(12)


@pytest.mark.parametrize("length", range(64))
def test_the_planned_size_is_the_encoded_size(length: int):
    metadata = [MetadataEntry.of("k", MetadataKind.STRING, "x" * length)]
    header = encode_header(metadata, [])
    assert header_nbytes(metadata, []) == len(header)
    assert len(header) % 32 == 0
    assert header.rstrip(b"\0").endswith(b"x" * length)
