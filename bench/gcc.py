"""C text -> functions in this process, by the machine's own gcc."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
from pathlib import Path

from bench.rows import Skip

HERE = Path(__file__).parent
# no fast-math: these two only say that nobody reads errno or the exception flags
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")
FLAGS += ("-std=gnu11", "-fPIC", "-shared", "-w", "-Werror=implicit-function-declaration", f"-I{HERE}")


def build(source: Path, library: Path, *, lanes: int | None = None) -> ctypes.CDLL:
    """Compile a C file and load it; `lanes` in place of the machine's own width. Skip where there is no gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise Skip("gcc is not installed")
    width = () if lanes is None else (f"-DLANES={lanes}",)
    vector_math = ("-DMVEC", "-Wl,--no-as-needed", "-lmvec") if _has_mvec(gcc) else ()
    command = [gcc, *FLAGS, *width, str(source), "-o", str(library), *vector_math, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skip(f"gcc could not compile {source.name}: {done.stderr.strip()[:400]}")
    return ctypes.CDLL(str(library))


@functools.cache
def _has_mvec(gcc: str) -> bool:
    command = [gcc, "-shared", "-x", "c", "-", "-o", "/dev/null", "-Wl,--no-as-needed", "-lmvec"]
    return subprocess.run(command, input="", capture_output=True, text=True, check=False).returncode == 0
