"""A scenario many times over, by a design: what moves the answer. Start reading here.

    load_sweep   a sweep file, its scenario, model and posterior, all checked    plan; form, choose, layout, asked
    Design       which values the factors have in each member                    designs, factors
    cost         members, steps, bytes and time, before it starts                cost
    evaluate     members by number -> inputs, outputs, flags                     evaluate

Everything after goes by chunks of members: a chunk is the same whoever computes it, when, and with how many threads.
"""

from huangpu.sweep.cost import Cost, cost
from huangpu.sweep.designs import Design
from huangpu.sweep.evaluate import BEYOND, NOT_FINITE, Chunk, evaluate
from huangpu.sweep.factors import Factor
from huangpu.sweep.outputs import Output
from huangpu.sweep.plan import Sweep, load_sweep

__all__ = [
    "BEYOND",
    "NOT_FINITE",
    "Chunk",
    "Cost",
    "Design",
    "Factor",
    "Output",
    "Sweep",
    "cost",
    "evaluate",
    "load_sweep",
]
