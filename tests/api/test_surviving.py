"""What folder targets keep of weights in their runtime's dtype, and which dtype or backend is said to keep more."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

import qrecipe
from qrecipe.api.surviving import survival
from qrecipe.backends.folder.backend import FolderBackend
from tests.backends.folder.installed import RECIPE, install, installed
from tests.backends.folder.toy import TOY, ToyFamily, ToyScheme
from tests.cli.running import qrecipe as command


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    install(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bard.toml").write_text(RECIPE)
    return "bard.toml"


@dataclass(frozen=True, slots=True)
class Careful(ToyFamily):
    """Keeps int8 where the runtime computes in float16."""

    name: str = "careful"

    def scheme(self, use, tensor, target, inventory):
        return ToyScheme(8 if target.options.dtype == "float16" else 4)


def test_the_share_is_that_of_the_quantized_tensors(recipe):
    (found,) = qrecipe.measure(recipe)
    quantized = [each for each in found.values if each.type.startswith("int")]
    weights = sum(each.weights for each in quantized)
    assert len(quantized) == 12
    assert found.survival.dtype == "BF16"
    assert found.survival.share == sum(each.identical * each.weights for each in quantized) / weights
    assert found.survival.better == ()
    (exact,) = qrecipe.measure(recipe, exact=True)
    assert exact.survival == found.survival  # of the same few rows


def test_a_dtype_and_a_backend_that_keep_more(recipe):
    (target,) = qrecipe.plan(recipe).targets
    plan = qrecipe.plan(recipe)
    careful = FolderBackend(Careful())
    catalog = SimpleNamespace(backends={"careful": careful, "toy": TOY})
    asked = replace(target.target, backend="careful")
    shares = {4: 0.5, 8: 0.75}
    found = survival(asked, target.decisions, plan.inventory, catalog, lambda made: shares[made[0][1].width])
    assert (found.dtype, found.share) == ("BF16", 0.5)
    assert found.better == (('dtype = "float16"', 0.75), ("backend toy", 0.75))
    assert survival(asked, target.decisions, plan.inventory, catalog, lambda made: 1.0).better == ()


def test_targets_that_quantize_nothing_have_none(recipe, tmp_path):
    kept = RECIPE.replace('"int8"', '"keep"').replace('"int4(group=32)"', '"keep"')
    (tmp_path / "kept.toml").write_text(kept)
    assert [each.survival for each in qrecipe.measure("kept.toml")] == [None]


def test_the_command_says_it(recipe, tmp_path):
    run = command("plan", recipe, "--measure", env=installed(tmp_path / "site"))
    assert run.stdout.splitlines()[-1].startswith("in BF16, ")
    assert run.stdout.splitlines()[-1].endswith("% of the quantized weights are the source's")
