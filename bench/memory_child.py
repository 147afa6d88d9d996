"""In a fresh process: peak resident bytes of a run. Arguments: model file, members, threads."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

from bench.workload import draw, kernel, workload


def main(path: str, members: str, threads: str) -> None:
    work = workload("memory", path)
    kernel(work, draw(work, int(members)), int(threads))()
    print(peak_bytes())


def peak_bytes() -> int:
    """Of this process. Linux's getrusage is not asked: it counts what the parent had when it started us."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
