"""A process that starts a sweep again and again and kills it with SIGKILL each time, but for the last. Not a test.

arguments: sweep file, folder, members of a chunk, seed, kills. Prints how many chunks were finished after each. What is
imported once serves all: each run is a fork. Kills come at random moments of the time that a whole run takes, the first
of them early, so that some fall before the first chunk and others into the writing of a block.
"""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from huangpu.sweep import load_sweep
from huangpu.sweep.manifest import read_journal
from huangpu.sweep.run import local, run


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

    with tempfile.TemporaryDirectory() as trial:
        began = time.monotonic()
        os.waitpid(fork(lambda: sweeping(Path(trial) / "out")), 0)
        whole = time.monotonic() - began
    for number in range(int(kills)):
        child = fork(lambda: sweeping(where))
        time.sleep(draw.uniform(0, whole * min(1.0, (number + 2) / int(kills))))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(len(read_journal(where)) if where.exists() else 0, flush=True)
    _, status = os.waitpid(fork(lambda: sweeping(where)), 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
