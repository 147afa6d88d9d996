"""Model files of any size: chains of sectors with stocks, lookups, IF THEN ELSE, MIN, MAX and EXP, all bounded."""

from __future__ import annotations

import random

SECTOR = 10  # equations: 2 stocks, 8 auxiliaries
STEPS = 100

_TEXT = """\
Level {k} = INTEG( inflow {k} - outflow {k}, normal {k} ) ~ unit ~ |
Memory {k} = INTEG( (ratio {k} - Memory {k}) / delay {k}, 1 ) ~ dmnl ~ |
ratio {k} = Level {k} / normal {k} ~ dmnl ~ |
pressure {k} = table {k}( Memory {k} ) ~ dmnl ~ |
wanted {k} = normal {k} * MAX( 0.2, MIN( 3, signal {before} * pressure {k} ) ) ~ unit ~ |
gap {k} = wanted {k} - Level {k} ~ unit ~ |
inflow {k} = outflow {k} + IF THEN ELSE( gap {k} > 0, gap {k} / delay {k}, gap {k} / life {k} ) ~ unit/year ~ |
outflow {k} = Level {k} / life {k} * growth {k} ~ unit/year ~ |
growth {k} = EXP( -rate {k} * ratio {k} ) ~ dmnl ~ |
signal {k} = weight {k} * ratio {k} + (1 - weight {k}) * pressure {k} ~ dmnl ~ |
normal {k} = {normal} ~ unit ~ |
delay {k} = {delay} ~ year ~ |
life {k} = {life} ~ year ~ |
rate {k} = {rate} ~ dmnl ~ |
weight {k} = {weight} ~ dmnl ~ |
table {k}( {points} ) ~ dmnl ~ |
"""
_CONTROL = f"""\
signal 0 = 1 + 0.2 * SIN( Time / 8 ) ~ dmnl ~ |
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = {STEPS // 4} ~ year ~ |
TIME STEP = 0.25 ~ year ~ |
SAVEPER = 1 ~ year ~ |
\\\\\\---/// Sketch information - do not modify anything except names
"""


def generate(equations: int) -> str:
    """The .mdl text of a model of `equations` stocks and auxiliaries, a multiple of 10; always the same text.

    Each sector follows the signal of the one before it; the first follows a wave.
    """
    if equations < SECTOR or equations % SECTOR:
        raise ValueError(f"{equations} equations: give a multiple of {SECTOR}")
    chance = random.Random(equations)
    sectors = (_sector(k, chance) for k in range(1, equations // SECTOR + 1))
    return "{UTF-8}\n" + "".join(sectors) + _CONTROL


def _sector(k: int, chance: random.Random) -> str:
    knots = chance.randint(5, 12)
    heights = sorted((chance.uniform(0.5, 1.5) for _ in range(knots)), reverse=True)
    points = ", ".join(f"({2 * n / (knots - 1):.4f},{y:.4f})" for n, y in enumerate(heights))
    return _TEXT.format(
        k=k,
        before=k - 1,
        points=points,
        normal=round(chance.uniform(50, 150), 2),
        delay=round(chance.uniform(2, 8), 2),
        life=round(chance.uniform(5, 20), 2),
        rate=round(chance.uniform(0.1, 0.6), 3),
        weight=round(chance.uniform(0.3, 0.7), 3),
    )
