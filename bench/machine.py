"""Which machine, which versions: without it no figure means anything."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from bench.setting import processors

PACKAGES = ("numpy", "numba", "llvmlite", "pysd", "pysimlin", "ema_workbench")
FEATURES = ("avx512f", "avx512dq", "avx2", "fma", "sse4_2", "neon", "asimd", "sve")


def describe() -> dict[str, str]:
    """Words for words, in the order in which they are shown."""
    info = _cpu_info()
    found = {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "family, model": f"{info.get('cpu family', '?')}, {info.get('model', '?')}",
        "processors used": str(processors()),
        "features": " ".join(f for f in FEATURES if f in info.get("flags", info.get("Features", "")).split()) or "?",
        "caches": ", ".join(_caches()) or "?",
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load at start": load(),
        "python": platform.python_version(),
        "LLVM": _llvm(),
        "gcc": _first_line(["gcc", "-dumpfullversion"]) or "not installed",
        "commit": _commit(),
    }
    return found | {name: _version(name) for name in PACKAGES}


def load() -> str:
    """How many processes were at work over the last minute; ? where the system does not tell."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "?"


def _cpu_info() -> dict[str, str]:
    """The first processor's entry of /proc/cpuinfo; nothing where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def _caches() -> list[str]:
    found = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return found


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):
        return float("nan")


def _llvm() -> str:
    from llvmlite import binding

    return ".".join(map(str, binding.llvm_version_info))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """The short hash, with a + where files differ from it; ? where this is no git checkout."""
    here = str(Path(__file__).parent)
    commit = _first_line(["git", "-C", here, "rev-parse", "--short", "HEAD"])
    changed = _first_line(["git", "-C", here, "status", "--porcelain", "--untracked-files=no", "--", "../sim", "."])
    return f"{commit}{'+' if changed else ''}" if commit else "?"


def _first_line(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [""])[0].strip() if done.returncode == 0 else ""
