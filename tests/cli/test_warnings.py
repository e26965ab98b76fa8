"""A Python warning of qrecipe's own reads like its other findings; another's stays what it is."""

from qrecipe.cli.main import _Warned
from qrecipe.codecs.kernels.catalog import KERNELS
from qrecipe.codecs.kernels.engine import KernelNote, _not_used


def test_a_kernel_that_is_not_used(capsys):
    _Warned(print)(KernelNote(_not_used(KERNELS[0], "it does not compile")), KernelNote, "engine.py", 81)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "warning: the fast encoder of Q4_0 is not used",
        "why: it does not compile",
        "fix: nothing has to be done: ggml encodes, only slower; please report it",
    ]


def test_a_warning_of_another_library():
    told = []
    _Warned(lambda *words: told.append(words))(UserWarning("old"), UserWarning, "theirs.py", 1, None, None)
    assert [str(told[0][0]), *told[0][1:]] == ["old", UserWarning, "theirs.py", 1, None, None]
