"""References that are kept."""

import pytest

from qrecipe.evaluation.kept import Kept, default_folder, kept_in, logits_in, written


def test_a_file_is_named_by_everything_that_it_depends_on(tmp_path):
    kept = Kept(tmp_path)
    facts = {"source": "a", "window": 512}
    names = {kept.path({**facts, **more}, ".logits") for more in ({}, {"window": 256}, {"source": "b"}, {"bos": 1})}
    assert len(names) == 4
    assert kept.path(dict(reversed(facts.items())), ".logits") in names


def stopped(path):
    with written(path, 24) as unfinished:
        logits_in(unfinished, (2, 3), write=True)[:] = 1 / 0


def test_a_file_has_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "a.logits"
    with pytest.raises(ZeroDivisionError):
        stopped(path)
    assert list(tmp_path.iterdir()) == []
    with written(path, 24) as unfinished:
        logits_in(unfinished, (2, 3), write=True)[:] = 2
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]
    assert logits_in(path, (2, 3)).tolist() == [[2, 2, 2]] * 2


def test_without_a_folder_nothing_is_left():
    with kept_in(None) as kept:
        (kept.folder / "a").write_text("")
    assert not kept.folder.exists()


def test_the_default_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "qrecipe" / "eval"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder().parts[-3:] == (".cache", "qrecipe", "eval")
