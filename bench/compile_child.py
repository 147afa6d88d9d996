"""In a fresh process: seconds to read, to print and to compile a model, as JSON. Argument: the model file."""

from __future__ import annotations

import json
import sys
import time

from huangpu import compiler


def main(path: str) -> None:
    spent = {}
    ordered_model = compiler.ordered_model

    def timed(*args, **more):
        start = time.perf_counter()
        ordered = ordered_model(*args, **more)
        spent["read"] = time.perf_counter() - start
        return ordered

    compiler.ordered_model = timed
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
