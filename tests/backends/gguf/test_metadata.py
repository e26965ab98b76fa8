from qrecipe.backends.gguf.metadata import written_metadata
from qrecipe.types.metadata import MetadataEntry, MetadataKind


def number(key: str, value: int, kind: MetadataKind = MetadataKind.UINT32) -> MetadataEntry:
    return MetadataEntry.of(key, kind, value)


def text(key: str, value: str) -> MetadataEntry:
    return MetadataEntry.of(key, MetadataKind.STRING, value)


def shown(entries: tuple[MetadataEntry, ...]) -> list[tuple[str, object]]:
    return [(entry.key, entry.scalar()) for entry in entries]


SET = [("general.quantization_version", 2), ("general.file_type", 15)]


def test_the_source_s_order_is_kept_and_what_is_set_moves_to_the_end():
    source = [number("general.file_type", 1), text("b", "x"), number("general.quantization_version", 1), text("a", "y")]
    assert shown(written_metadata(source, 15, (), {})) == [("b", "x"), ("a", "y"), *SET]


def test_overrides_come_behind_and_move_what_was_there():
    overrides = [text("a", "new"), number("general.file_type", 14), text("c", "z")]
    assert shown(written_metadata([text("a", "old"), text("b", "x")], 15, overrides, {})) == [
        ("b", "x"),
        ("general.quantization_version", 2),
        ("a", "new"),
        ("general.file_type", 14),
        ("c", "z"),
    ]


def test_split_keys_are_left_out():
    source = [number("split.no", 0), number("split.count", 3), number("split.tensors.count", 9), number("split.x", 1)]
    assert shown(written_metadata(source, 15, (), {})) == [("split.x", 1), *SET]


def test_the_source_s_lock_is_left_out():
    source = [number("qrecipe.lock", 1), text("qrecipe.recipe", "…"), text("qrecipes.own", "x")]
    assert shown(written_metadata(source, 15, (), {})) == [("qrecipes.own", "x"), *SET]


def test_an_alignment_of_32_stays_in_its_place():
    source = [text("a", "x"), number("general.alignment", 32), text("b", "y")]
    assert shown(written_metadata(source, 15, (), {})) == [("a", "x"), ("general.alignment", 32), ("b", "y"), *SET]


def test_another_alignment_is_left_out():
    assert shown(written_metadata([number("general.alignment", 64)], 15, (), {})) == SET


def test_an_imatrix_s_provenance_comes_last_without_folders():
    notes = {"chunks_count": 40, "entries_count": 7, "dataset": "wiki.train", "file": "C:\\data/mine\\imatrix.gguf"}
    assert shown(written_metadata([], 15, [text("a", "x")], notes)) == [
        *SET,
        ("a", "x"),
        ("quantize.imatrix.file", "imatrix.gguf"),
        ("quantize.imatrix.dataset", "wiki.train"),
        ("quantize.imatrix.entries_count", 7),
        ("quantize.imatrix.chunks_count", 40),
    ]


def test_what_is_not_known_of_an_imatrix_is_left_out():
    notes = {"file": "imatrix.dat", "dataset": "", "entries_count": 7, "chunks_count": 0}
    assert shown(written_metadata([], 15, (), notes)) == [
        *SET,
        ("quantize.imatrix.file", "imatrix.dat"),
        ("quantize.imatrix.entries_count", 7),
    ]


def test_another_imatrix_s_provenance_does_not_stay_beside_the_new():
    source = [text("quantize.imatrix.file", "old"), text("quantize.imatrix.dataset", "old")]
    assert shown(written_metadata(source, 15, (), {"file": "new"})) == [*SET, ("quantize.imatrix.file", "new")]
    assert shown(written_metadata(source, 15, (), {})) == [
        ("quantize.imatrix.file", "old"),
        ("quantize.imatrix.dataset", "old"),
        *SET,
    ]
