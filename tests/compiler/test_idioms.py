"""What large models do with subscripts at once: coarse ranges mapped to finer ones, targets sorted, :NA:, chains."""

import numpy as np
import pytest

from huangpu.compiler import compile_model, python
from huangpu.runtime.ensemble import Inputs, Saving, simulate, step_times

MODEL = """{UTF-8}
****
	.Licence
****~
		Provided "as is", 5" pipes included
	|

:MACRO: HOLD FROM(last, input, start)
HOLD FROM = INTEG((1 - STEP(1, last)) * (input - HOLD FROM) / TIME STEP$, start)
	~	input
	~		|

:END OF MACRO:
region: north, south, west ~~|
bloc: rich, poor -> (region: richer, west) ~~|
richer: north, south ~~|
goal: g1, g2, g3 ~~|
later: g2, g3 -> earlier ~~|
earlier: g1, g2 -> later ~~|
set goals: g1, g2 ~~|
price[bloc] = 5, 6 ~~|
mode[region] = 1, 3, 2 ~~|
cost [region] =
	IF THEN ELSE(mode[region]=3:OR:Time<1, 99, price[ bloc]
	* mode\\
		[region]) ~~|
due[region,g1] = 2020, 0, 0 ~~|
due[region,g2] = 2010, 2030, 0 ~~|
due[region,g3] = 4000 ~~|
active[region,goal] = IF THEN ELSE(due[region,goal] = 0, 0, 1) ~~|
year[region,goal] = IF THEN ELSE(active[region,goal], due[region,goal], :NA:) ~~|
order[region,goal] = VECTOR SORT ORDER(year[region,goal], 1) ~~|
sorted[region,goal] = VECTOR ELM MAP(year[region,g1], order[region,goal]) ~~|
last[region] = INITIAL(
	VECTOR SELECT(active[region,set goals!], year[region,set goals
	!]
	, :NA:, 3, 0)) ~~|
end[region] = IF THEN ELSE(last[region]=:NA:, 1990, last[region]) ~~|
before[region,g1] = SAMPLE IF TRUE(Time<=1, cost[region], cost[region]) ~~|
before[region,later] = SAMPLE IF TRUE(Time<=2, after[region,earlier], 0) ~~|
after[region,goal] = before[region,goal] / 2 ~~|
held[region] = HOLD FROM(3, cost[region] + Time, 1) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 5 ~~|
TIME STEP = 1 ~~|
SAVEPER = TIME STEP ~~|
"""
NA = -(2.0**109)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The model's rows: by the readable text and by the kernel."""
    path = tmp_path_factory.mktemp("idioms") / "model.mdl"
    path.write_text(MODEL, encoding="utf-8")
    program = compile_model(path)
    steps = len(step_times(program))
    saving = Saving(tuple(row.id for row in program.rows), np.arange(steps), np.ones(steps))
    kernel = simulate(program, Inputs(size=1), [saving])[0][:, :, 0]
    return python.run(program.readable)[1], dict(zip((row.id for row in program.rows), kernel, strict=True))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cost[north]", [99, 5, 5, 5, 5, 5]),
        ("cost[south]", [99] * 6),
        ("cost[west]", [99, 12, 12, 12, 12, 12]),
        ("sorted[north,g1]", [2010] * 6),
        ("sorted[north,g2]", [2020] * 6),
        ("sorted[south,g1]", [NA] * 6),
        ("sorted[south,g2]", [2030] * 6),
        ("sorted[west,g3]", [4000] * 6),
        ("last[west]", [NA] * 6),
        ("end[west]", [1990] * 6),
        ("end[north]", [2020] * 6),
        ("before[west,g1]", [99, 12, 12, 12, 12, 12]),
        ("before[west,g2]", [49.5, 6, 6, 6, 6, 6]),
        ("after[west,g3]", [12.375, 1.5, 1.5, 1.5, 1.5, 1.5]),
        ("held[north]", [1, 99, 6, 7, 7, 7]),
    ],
)
def test_each_computes_what_vensim_would(name, expected, runs):
    text, kernel = runs
    np.testing.assert_array_equal(text[name], expected)
    np.testing.assert_array_equal(kernel[name], expected)
