"""A process that starts a sweep again and again and kills it with SIGKILL each time, but for the last. Not a test.

arguments: sweep file, folder, members of a chunk, seed, kills. Prints how many chunks were finished after each. What is
imported once serves all: each run is a fork. Kills come a random few milliseconds after a random number of further
chunks, so they fall into the work however fast the machine is: before the first chunk, and into the writing of a block.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from huangpu.sweep import load_sweep
from huangpu.sweep.manifest import JOURNAL, read_journal
from huangpu.sweep.run import local, run

MOST = 8  # chunks from one kill to the next


def finished(folder: Path) -> int:
    """Lines in the journal."""
    path = folder / JOURNAL
    return path.read_bytes().count(b"\n") if path.exists() else 0


def fork(work) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def main(file: str, folder: str, chunk: str, seed: str, kills: str) -> None:
    sweep, where, draw = load_sweep(file), Path(folder), random.Random(int(seed))

    def sweeping(folder: Path) -> None:
        run(sweep, folder, resume=True, chunk=int(chunk), source=local(2))

    for _ in range(int(kills)):
        enough = finished(where) + draw.randint(0, MOST)
        child = fork(lambda: sweeping(where))
        while finished(where) < enough:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(len(read_journal(where)) if where.exists() else 0, flush=True)
    _, status = os.waitpid(fork(lambda: sweeping(where)), 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
