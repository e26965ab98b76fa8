"""A stand-in for llama-perplexity: it reads the same words, writes the same header and prints the same lines."""

import sys
from pathlib import Path

SAID = """
chunk             PPL         ln(PPL(Q)/PPL(base))    KL Divergence       Δp RMS       Same top p
   1   10.1000 ±    1.1000    0.00100 ±    0.00200    0.01000 ±    0.00100   1.000 ±  0.100 %   90.000 ±  1.000 %
   2   10.2000 ±    1.2000    0.00200 ±    0.00300    0.02000 ±    0.00200   2.000 ±  0.200 %   91.000 ±  1.100 %

====== Perplexity statistics ======
Mean PPL(Q)                   :  10.200000 ±   1.200000
Mean PPL(base)                :  10.000000 ±   1.000000
Cor(ln(PPL(Q)), ln(PPL(base))):  99.00%
Mean ln(PPL(Q)/PPL(base))     :   0.019803 ±   0.003000
Mean PPL(Q)/PPL(base)         :   1.020000 ±   0.003060
Mean PPL(Q)-PPL(base)         :   0.200000 ±   0.030000

====== KL divergence statistics ======
Mean    KLD:   0.020000 ±   0.002000
Maximum KLD:   0.900000
99.9%   KLD:   0.800000
99.0%   KLD:   0.700000
95.0%   KLD:   0.600000
90.0%   KLD:   0.500000
Median  KLD:   0.015000
10.0%   KLD:   0.001000
 5.0%   KLD:   0.000500
 1.0%   KLD:   0.000100
 0.1%   KLD:   0.000010
Minimum KLD:  -0.000001

====== Token probability statistics ======
Mean    Δp: -0.100 ± 0.010 %
Maximum Δp: 10.000%
99.9%   Δp:  9.000%
99.0%   Δp:  8.000%
95.0%   Δp:  7.000%
90.0%   Δp:  6.000%
75.0%   Δp:  5.000%
Median  Δp: -0.010%
25.0%   Δp: -5.000%
10.0%   Δp: -6.000%
 5.0%   Δp: -7.000%
 1.0%   Δp: -8.000%
 0.1%   Δp: -9.000%
Minimum Δp: -10.000%
RMS Δp    :  2.000 ± 0.200 %
Same top p: 91.000 ± 1.100 %
"""
_PROGRAM = """\
#!{python}
import struct, sys
from pathlib import Path

given = dict(zip(sys.argv[1:], sys.argv[2:]))
reference, window = Path(given["--kl-divergence-base"]), int(given["-c"])
mode, runs = {mode!r}, Path({runs!r})
with runs.open("a") as file:
    file.write(" ".join(sys.argv[1:]) + chr(10))
sys.stdout.reconfigure(encoding="utf-8")
if mode == "fails":
    sys.exit("llama_model_load: error loading model: unknown model architecture: 'toy'")
if "--kl-divergence" not in sys.argv:
    if mode == "short":
        reference.write_bytes(b"_logits_" + struct.pack("<i", window))
        sys.exit(print("perplexity: the data file you provided tokenizes to only 40 tokens", file=sys.stderr))
    windows = int(given["--chunks"]) if int(given["--chunks"]) > 0 else 2
    tokens = list(range(windows * window))
    head = struct.pack("<8siii", b"_logits_", window, 32, windows)
    rows = bytes(windows * (window - 1 - window // 2) * 2 * (32 + 4))
    whole = head + struct.pack(f"<{{len(tokens)}}i", *tokens) + rows
    reference.write_bytes(whole[:-1] if mode == "full" else whole)
    print("[1]10.0,[2]10.0,")
    sys.exit()
said = {said!r}
print(said[:600] if mode == "mute" or (mode == "hasty" and len(runs.read_text().splitlines()) < 4) else said)
"""


def write_tool(folder: Path, mode: str = "good") -> Path:
    """Write the program; what it is called with is noted in `runs.txt` beside it.

    `short` finds the text too short, `full` has no room for its last byte, `fails` knows no model, `mute` never prints
    its statistics, `hasty` does so the third time.
    """
    path = folder / "llama-perplexity"
    program = _PROGRAM.format(python=sys.executable, mode=mode, runs=str(folder / "runs.txt"), said=SAID)
    path.write_text(program, encoding="utf-8")
    path.chmod(0o755)
    return path
