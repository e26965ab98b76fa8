"""The keys that every folder target may have: the size of shards, and the dtype that the runtime computes in."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

_SIZE = re.compile(r"([1-9]\d{0,8})(kB|MB|GB|KiB|MiB|GiB)", re.ASCII)
_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _checked_size(text: str) -> str:
    if _SIZE.fullmatch(text) is None:
        what = {"what": f"{text[:60]!r} is no size", "why": "a shard's size is a whole number and a unit"}
        raise PydanticCustomError("shard-size", "{what}", {**what, "fix": 'write "5GB", "900MB" or "2GiB"'})
    return text


class FolderOptions(BaseModel):
    """What a folder target may say besides `backend`, `name`, `profile` and `output`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shard_size: Annotated[str, AfterValidator(_checked_size)] = Field(
        default="5GB", description="The most bytes of weights in one file: `5GB`, `900MB`, `2GiB`"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        default="auto", description="What the runtime computes in, written into config.json; `auto`: as the checkpoint"
    )

    @property
    def shard_bytes(self) -> int:
        """The most bytes of weights in one file."""
        found = _SIZE.fullmatch(self.shard_size)
        assert found is not None  # noqa: S101 - the validator has looked
        return int(found[1]) * _UNITS[found[2]]
