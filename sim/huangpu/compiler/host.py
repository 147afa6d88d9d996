"""What the kernel's text should know of the machine that it is made for: one number, which changes no result."""

from __future__ import annotations

import llvmlite.binding as llvm

REGISTERS = 4  # side by side, so that one's arithmetic fills the other's waiting; measured, see `llvm.py`
WIDTHS = {"avx512f": 8, "avx": 4}  # feature -> doubles in a register, the widest first
NARROW = 2  # everywhere else


def lanes() -> int:
    """Members that this machine computes side by side."""
    features = llvm.get_host_cpu_features()
    return REGISTERS * next((width for feature, width in WIDTHS.items() if features.get(feature)), NARROW)
