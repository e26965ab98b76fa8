"""Fake quantization: what it makes lies on the grid, and gradients reach weights and scales."""

import pytest

from training import grids

torch = pytest.importorskip("torch")
GRIDS = pytest.mark.parametrize("grid", [grids.BITS_2, grids.BITS_4, grids.BITS_8], ids=["2", "4", "8"])


def made(grid):
    weight = torch.randn(8, 256, generator=torch.Generator().manual_seed(3)) * 0.02
    return weight.requires_grad_(), grids.first_scales(weight.detach(), grid).requires_grad_()


@GRIDS
def test_weights_are_a_bf16_scale_times_codes(grid):
    weight, scales = made(grid)
    got = grid.blocks(grids.on_grid(weight, scales, grid).detach())
    scale = scales.detach().exp().bfloat16().float()
    codes = (got / scale).round()
    assert codes.min() >= grid.lowest
    assert codes.max() <= grid.highest
    assert torch.equal((codes * scale).bfloat16().float(), got)


@GRIDS
def test_gradients_pass_and_scales_get_their_own(grid):
    weight, scales = made(grid)
    (grids.on_grid(weight, scales, grid) * torch.linspace(1, 2, 256)).sum().backward()
    assert weight.grad.count_nonzero() > 0.6 * weight.numel()
    assert scales.grad.count_nonzero() == scales.numel()


def test_no_scale_loses_bits_in_f16():
    weight = torch.full((1, 32), 1e-7)
    scales = grids.first_scales(weight, grids.BITS_4)
    assert scales.exp().item() == pytest.approx(2**-14)
    assert grids.on_grid(weight, scales - 5, grids.BITS_4).abs().max() == 0


def test_layouts_give_each_matrix_a_grid_but_the_projection():
    names = ("embed_tokens", "embed_tokens_per_layer", "layers.1.mlp.up_proj", "layers.2.mlp.up_proj")
    names += ("layers.2.per_layer_projection", "per_layer_model_projection", "layers.0.per_layer_input_gate")
    weights = {f"model.{name}.weight": torch.zeros(2, 256) for name in names} | {"model.norm.weight": torch.zeros(256)}
    four, two, eight = grids.BITS_4, grids.BITS_2, grids.BITS_8
    assert [*grids.of("mobile", weights).values()] == [two, four, four, two, eight, eight]
    assert [*grids.of("q4_0", weights).values()] == [four] * 6
