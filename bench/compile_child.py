"""In a fresh process: seconds to read, to print and to compile a model, as JSON. Argument: the model file."""

from __future__ import annotations

import json
import sys
import time

from huangpu import compiler


def main(path: str) -> None:
    spent = {"read": 0.0}

    def timed(stage):
        def run(*args):
            start = time.perf_counter()
            found = stage(*args)
            spent["read"] += time.perf_counter() - start
            return found

        return run

    compiler._source, compiler._ordered = timed(compiler._source), timed(compiler._ordered)
    start = time.perf_counter()
    program = compiler.compile_model(path)
    spent["print"] = time.perf_counter() - start - spent["read"]
    from huangpu.runtime import kernel

    start = time.perf_counter()
    kernel.load(program)
    spent["machine_code"] = time.perf_counter() - start
    print(json.dumps(spent))


if __name__ == "__main__":
    main(sys.argv[1])
