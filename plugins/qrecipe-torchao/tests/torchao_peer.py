"""torchao itself, asked for what our own arithmetic and metadata claim. Tests that need it are skipped without it."""

import warnings

import pytest

TORCH_NAMES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}


def torch_dtype(dtype):
    return getattr(asked()[0], TORCH_NAMES[dtype])


def asked():
    """Return torch and torchao.quantization; what they warn of while they load is theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch")
        return torch, pytest.importorskip("torchao.quantization")


def quantized(weight, config):
    """Return the weight of a Linear after `quantize_`."""
    torch, torchao = asked()
    linear = torch.nn.Linear(1, 1, bias=False)
    linear.weight = torch.nn.Parameter(weight)
    model = torch.nn.Sequential(linear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torchao.quantize_(model, config)
    return model[0].weight.data


def flattened(name, tensor):
    """Return arrays and metadata of one tensor, as `save_pretrained` would write them."""
    asked()
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict

    return flatten_tensor_state_dict({name: tensor})


def unflattened(arrays, metadata):
    """Return the tensors that torchao's loader makes; nothing may be left over."""
    asked()
    from torchao.prototype.safetensors.safetensors_support import unflatten_tensor_state_dict

    tensors, rest = unflatten_tensor_state_dict(arrays, metadata)
    assert not rest
    return tensors


def arrays_of(scheme, records, rows, cols):
    """Return records as torchao's tensors, by suffix, cut as the backend cuts them."""
    import numpy as np

    torch, _ = asked()
    dtypes = {**TORCH_NAMES, "I8": "int8", "F8_E4M3": "float8_e4m3fn"}
    data, found, start = np.frombuffer(records, np.uint8).reshape(rows, -1), {}, 0
    for array in scheme.arrays(rows, cols):
        stop = start + array.row_bytes
        tensor = torch.from_numpy(data[:, start:stop].copy()).view(getattr(torch, dtypes[array.dtype]))
        found[array.suffix] = tensor.t().contiguous() if array.along else tensor
        assert tuple(found[array.suffix].shape) == array.shape
        start = stop
    assert start == data.shape[1]
    return found
