"""Stores: torchao's tensor classes, each with everything that its metadata says (bits, group, dtypes, activations).

`scheme` makes qrecipe's schemes of stores, `records` their bytes. A store loads no numpy, so planning does not.
"""

from __future__ import annotations

from typing import TypeAlias

from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx

Store: TypeAlias = Intx | Int8 | Float8 | Int4
