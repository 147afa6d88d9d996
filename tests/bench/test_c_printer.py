"""The C that is printed as a peer computes what the kernel computes, every operator of it."""

import numpy as np
import pytest
from bench.generate import generate
from bench.rows import Skip
from bench.setting import SIR
from bench.side_by_side import TOLERANCE, largest_difference
from bench.workload import draw, kernel, workload

from bench import c_peer, c_printer
from handmade import auxiliary, call, constant, ordered, stock
from huangpu.compiler.functions import OPS
from huangpu.compiler.normal import NORMAL
from huangpu.ir import Number
from modelfile import write

EQUATIONS = """
Stock = INTEG( inflow - outflow, first ) |
Late = INTEG( (smooth - Late) / 2, 0 ) |
smooth = SMOOTH( outflow, 3 ) |
kept = INITIAL( Stock * 2 ) |
inflow = MAX( 1, MIN( 5, first / 2 ) ) * table( Time ) |
outflow = IF THEN ELSE( Stock > 10 :AND: :NOT: Time < 2, Stock / 4, Stock ^ 0.5 ) |
rest = MODULO( Stock * 7, 3 ) + INTEGER( Stock ) + QUANTUM( Stock, 0.3 ) |
waves = SIN( Time ) + COS( Time ) + TAN( Time / 9 ) + ABS( -Stock ) + SQRT( Stock ) |
angles = ARCSIN( 1 / (1 + Stock) ) + ARCCOS( 1 / (1 + Stock) ) + ARCTAN( Stock ) |
humps = SINH( 1 / (1 + Stock) ) + COSH( 1 / (1 + Stock) ) + TANH( Stock ) |
growth = EXP( -Stock / 10 ) + LN( 1 + Stock ) + Stock ^ 2 + XIDZ( first, Late, 7 ) + ZIDZ( first, Late ) |
either = IF THEN ELSE( Stock <= 5 :OR: Time >= 3, 1, 2 ) + (Time = 2) + (Time <> 4) |
first = 12 |
table( (0,1), (2,0.5), (5,2), (8,1.5) ) |
long table( (0,0), (1,1), (2,4), (3,9), (4,16), (5,25), (6,36), (7,49), (8,64), (9,81), (10,100), (11,121), (12,144),
 (13,169), (14,196), (15,225), (16,256), (17,289), (18,324) ) |
looked up = long table( Stock ) |
"""


def prepared(work, folder, make=c_peer.printed, **more):
    try:
        return make(work, folder, **more)
    except Skip as why:
        if "installed" in str(why):
            pytest.skip(str(why))
        raise


@pytest.mark.parametrize("lanes", [None, 1])
def test_it_gives_what_the_kernel_gives(tmp_path, lanes):
    path = write(tmp_path, EQUATIONS, dt=0.125)
    saved = ("stock", "late", "rest", "waves", "angles", "humps", "growth", "either", "kept", "looked_up")
    work = workload("features", path, varied=("first",), saved=saved)
    values = draw(work, 37)  # neither whole blocks nor whole vectors
    theirs = prepared(work, tmp_path, lanes=lanes)(values)()
    ours = kernel(work, values)()
    assert np.isfinite(ours).all()
    assert largest_difference(ours, theirs) < TOLERANCE


def test_a_generated_model_with_its_lookups(tmp_path):
    path = tmp_path / "generated.mdl"
    path.write_text(generate(50), encoding="utf-8")
    work = workload("generated", path)
    values = draw(work, 65)
    assert largest_difference(kernel(work, values)(), prepared(work, tmp_path)(values)()) < TOLERANCE


@pytest.mark.parametrize("lanes", [None, 1])
@pytest.mark.parametrize("every", [1.0, 1 / 32])
def test_sir_by_hand(tmp_path, lanes, every):
    saved = ("susceptible", "infectious", "recovered")
    work = workload("sir", SIR, varied=("contact_rate", "duration"), saved=saved, every=every)
    values = draw(work, 70)
    theirs = prepared(work, tmp_path, c_peer.by_hand, lanes=lanes)(values)()
    assert largest_difference(kernel(work, values)(), theirs) < TOLERANCE


@pytest.mark.parametrize("op", sorted(OPS.keys() - NORMAL.keys()))  # C has no function for random numbers' laws
def test_every_operator_is_printed(op, tmp_path):
    """gcc refuses a function that `simd.h` does not have."""
    arguments = ["a", "b", "c"][: OPS[op].arity]
    model = ordered(constant("a", 2.0), constant("b", 3.0), constant("c", 1.0), auxiliary("x", call(op, *arguments)),
                    stock("s", "x", 0.0))  # fmt: skip
    source = tmp_path / "one.c"
    source.write_text(c_printer.emit(model), encoding="utf-8")
    try:
        c_peer.build(source, tmp_path / "one.so")
    except Skip as why:
        if "installed" in str(why):
            pytest.skip(str(why))
        pytest.fail(f"add {op} to bench/simd.h: {why}")


def test_numbers_that_are_no_numbers():
    text = c_printer.emit(ordered(auxiliary("x", Number(float("inf"))), auxiliary("y", Number(float("nan")))))
    assert "all(INFINITY)" in text
    assert "all(NAN)" in text
