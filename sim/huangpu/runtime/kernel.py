"""Program -> machine code in memory, compiled by numba once and kept as an object file.

Cold, numba's code generator optimises the program's LLVM text for this machine; warm, llvmlite alone loads the object
file. Why not a decorated function: importing numba costs 0.4 s and its own disk cache doubles a warm start.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import llvmlite.binding as llvm

from huangpu import cache
from huangpu.program import Program

LARGE = 4_000_000  # characters, some 4,000 variables: beyond it half a minute of optimising is seldom won back

_SYMBOLS = ("huangpu_run", "huangpu_block", "huangpu_rows")
_loaded: dict[str, Kernel] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Kernel:
    """Machine code of one program.

    run    (address of the job, address of the workspace, first block, block after the last), see `driver.ll`;
           releases the GIL, touches nothing but what the job names, so threads may call it at once
    block  members in a block
    rows   rows of the workspace before those of the drivers' terms, each `block` doubles
    """

    run: Callable[[int, int, int, int], None]
    block: int
    rows: int
    engine: object  # owns the code


def load(program: Program) -> Kernel:
    """The program's kernel: from this process, from the cache, or compiled now."""
    key = _key(program.kernel)
    with _lock:
        if key not in _loaded:
            _loaded[key] = _bind(_machine_code(program, key))
        return _loaded[key]


def _key(text: str) -> str:
    """Hash of all that the machine code depends on."""
    made_of = (text, version("llvmlite"), version("numba"), llvm.get_process_triple(), *_host())
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()


def _host() -> tuple[str, str]:
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _machine_code(program: Program, key: str) -> bytes:
    folder = cache.folder("kernels")
    if folder is None:
        return compile_text(program.kernel)
    path = folder / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', program.name)[:40]}-{key[:32]}.o"
    code = cache.read(path)
    if code is None:
        code = compile_text(program.kernel)
        cache.write(path, code)
    return code


def compile_text(text: str) -> bytes:
    """LLVM text -> object file for this machine, by numba's code generator; as it stands where it is very long."""
    if len(text) > LARGE:
        return _unoptimised(text)
    from numba.core.codegen import JITCPUCodegen  # here, for a warm start must not pay for it
    from numba.core.compiler_lock import global_compiler_lock

    with global_compiler_lock:
        library = JITCPUCodegen("huangpu").create_library("huangpu.kernel")
        library.enable_object_caching()
        library.add_llvm_module(_parsed(text))
        library.finalize()
        return bytes(library._get_compiled_object())


def _unoptimised(text: str) -> bytes:
    """The same bits at a quarter of the speed or better, in a fifth of the time."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = _host()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    machine = target.create_target_machine(cpu=cpu, features=features, opt=0, codemodel="jitdefault", jit=True)
    return machine.emit_object(_parsed(text))


def _parsed(text: str) -> llvm.ModuleRef:
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_process_triple()
    module.verify()
    return module


def _bind(code: bytes) -> Kernel:
    """Object file -> functions. Calls of the C library's sinh, arctan, ... are resolved in this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    run, block, rows = (engine.get_function_address(name) for name in _SYMBOLS)
    count = ctypes.CFUNCTYPE(ctypes.c_int64)
    work = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    return Kernel(work(run), count(block)(), count(rows)(), engine)
