"""Every built-in fit keeps the contract of fits, on types that it is made for."""

from qrecipe.codecs.builtin import FITS, FORMATS
from qrecipe.testing import FitContract
from qrecipe.types.format import Call, TypeUse

BY_NAME = {fit.name: fit for fit in FITS}


def of(type_, fit=None):
    """Return a type, with its fit as a recipe has it."""
    found = next(each for each in FORMATS if each.name == type_)
    return TypeUse(found, () if fit is None else (("fit", fit),))


class TestAuto(FitContract):
    fit = BY_NAME["auto"]
    use = of("Q4_K")
    bound = 0.16


class TestRtn(FitContract):
    fit = BY_NAME["rtn"]
    use = of("Q8_0")
    other = of("IQ2_XXS")
    bound = 0.5 / 127


class TestImatrix(FitContract):
    fit = BY_NAME["imatrix"]
    use = of("Q4_K")
    other = of("Q8_0")


class TestLattice(FitContract):
    fit = BY_NAME["lattice"]
    use = of("Q4_0", Call("lattice"))
    other = of("Q4_K")


class TestLatticeThatRefuses(FitContract):
    fit = BY_NAME["lattice"]
    use = of("Q4_0", Call("lattice", (("else", "error"),)))


def test_every_fit_is_tried():
    tried = {each.fit.name for each in FitContract.__subclasses__() if each.__module__ == __name__}
    assert tried >= set(BY_NAME) - {"mse"}
