"""`python -m qrecipe_compressed_tensors.preflight FOLDER`: proof, without weights, that transformers loads a folder.

The model is made on torch's meta device from config.json, `quantization_config` is applied to it by compressed-tensors,
and every name, shape and dtype of what it then wants is compared with the headers of the folder's files. A module that
got another scheme than its tensors have, or none, is found, and so is a scale that loading would cast. Routed experts
are no modules there: for each of those that the files hold, the one group is looked for that reaches it.

Exit codes: 0 all is well, 1 findings (on stdout, one a line), 2 the folder cannot be looked at.
Needs `pip install qrecipe-compressed-tensors[preflight]`.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qrecipe_compressed_tensors.names import expert_of, runtime_name
from qrecipe_compressed_tensors.targets import Groups

if TYPE_CHECKING:
    from qrecipe.types.tensor import Shape

Header = tuple[str, "Shape"]
"""dtype and shape of a tensor, as safetensors has them."""
_DTYPES = {
    "bfloat16": "BF16",
    "float16": "F16",
    "float32": "F32",
    "float8_e4m3fn": "F8_E4M3",
    "int8": "I8",
    "int32": "I32",
    "int64": "I64",
}
_QUANTIZED = ("weight_packed", "weight_scale", "weight_shape", "input_scale")


def main(arguments: list[str]) -> int:
    """Look at one folder, and say what is found."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m qrecipe_compressed_tensors.preflight FOLDER\n")
        return 2
    try:
        found = preflight(Path(arguments[0]))
    except (OSError, ValueError, ImportError) as error:
        sys.stderr.write(f"error: cannot look at {arguments[0]}: {error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in found) or "every module gets the scheme that its tensors have\n")
    return 1 if found else 0


def preflight(folder: Path) -> list[str]:
    """Return what transformers would not load as it is stored, a line each.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is not what it should be, or config.json is of no model that transformers knows.
        ImportError: torch, transformers or compressed-tensors are not installed.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    quantization = config.get("quantization_config")
    if not isinstance(quantization, Mapping):
        raise ValueError("config.json has no quantization_config")  # noqa: TRY004 - a fault of the file
    stored = {_renamed(name): header for name, header in headers(folder).items()}
    return sorted([*_compared(stored, wanted(folder, quantization)), *_experts(stored, quantization)])


def headers(folder: Path) -> dict[str, Header]:
    """Return dtype and shape of every tensor in a folder's safetensors files."""
    found: dict[str, Header] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            table = json.loads(file.read(size))
        entries = {name: entry for name, entry in table.items() if name != "__metadata__"}
        found |= {name: (entry["dtype"], tuple(entry["shape"])) for name, entry in entries.items()}
    if not found:
        raise ValueError("no tensors in *.safetensors files")
    return found


def wanted(folder: Path, quantization: Mapping[str, object]) -> dict[str, Header]:
    """Return dtype and shape of everything that the quantized modules of the model want to load."""
    model = _quantized_model(folder, quantization)
    found: dict[str, Header] = {}
    for name, module in model.named_modules():
        if getattr(module, "quantization_scheme", None) is None:
            continue
        for part, array in module.state_dict().items():
            found[f"{name}.{part}"] = (_DTYPES.get(str(array.dtype).removeprefix("torch."), "?"), tuple(array.shape))
    return found


def _quantized_model(folder: Path, quantization: Mapping[str, object]) -> Any:  # noqa: ANN401 - of a package that may be missing
    import torch  # noqa: PLC0415 - an extra
    from compressed_tensors import compressors  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 - likewise
    from compressed_tensors import quantization as lib  # noqa: PLC0415 - likewise
    from transformers import AutoConfig, AutoModelForCausalLM  # noqa: PLC0415 - likewise

    config = AutoConfig.from_pretrained(folder)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    parsed = lib.QuantizationConfig.model_validate(quantization)
    lib.apply_quantization_config(model, parsed)
    compressors.ModelCompressor(quantization_config=parsed).compress_model(model)
    return model


def _renamed(name: str) -> str:
    module, _, part = name.rpartition(".")
    return f"{runtime_name(module)}.{part}"


def _compared(stored: Mapping[str, Header], wanted_: Mapping[str, Header]) -> Iterator[str]:
    for name, (dtype, shape) in wanted_.items():
        found = stored.get(name)
        if found is None:
            yield f"{name}: the model wants {dtype} {list(shape)}, and no file has it"
        elif found[1] != shape:
            yield f"{name}: the model wants shape {list(shape)}, and the file has {list(found[1])}"
        elif found[0] != dtype and not name.endswith(".input_scale"):
            yield f"{name}: the model holds it as {dtype}, and the file has {found[0]}"
    for name in stored:
        module, _, part = name.rpartition(".")
        scaled = part in _QUANTIZED and f"{module}.weight_scale" in stored
        if scaled and name not in wanted_ and expert_of(module) is None:
            yield f"{name}: the file has it, and the model gives its module another scheme, or none"


def _experts(stored: Mapping[str, Header], quantization: Mapping[str, object]) -> Iterator[str]:
    """Yield the routed experts that not exactly one group reaches."""
    groups = Groups(quantization)
    modules = {name.removesuffix(".weight_scale") for name in stored if name.endswith(".weight_scale")}
    for module in modules:
        if expert_of(module) is not None and len(found := groups.of(module)) != 1:
            yield f"{module}: {len(found)} groups reach this expert"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
