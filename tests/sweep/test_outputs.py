"""Outputs: formulas that are read and never executed; figures and targets as the scorecard reads them off a run."""

import numpy as np
import pytest

from huangpu import measurement, results, runtime
from huangpu.files import shipped
from huangpu.forecast import METRICS, OBSERVATIONS, QUESTIONS
from huangpu.results.scorecard import met_by
from huangpu.runtime.ensemble import years_and_points
from huangpu.sweep import evaluate, load_sweep
from huangpu.sweep.evaluate import kernel_inputs
from huangpu.sweep.expressions import Apply, ExpressionError, Number, Point, compute, parse, points


def value(text, **given):
    tree = parse(text)
    return compute(tree, {point: given[f"{point.id}_{point.time:g}"] for point in points(tree)})


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a / b @ 2027", 0.5),
        ("a + b @ 2027", 3.0),
        ("(a + b) @ 2027", 3.0),
        ("a @ 2020 + b @ 2027", 12.0),
        ("(a @ 2020) / a @ 2027", 10.0),
        ("-a ** 2 @ 2027", -1.0),
        ("(-a @ 2027) ** 2", 1.0),
        ("b ** -1 @ 2027", 0.5),
        ("max(a, b, 1.5) @ 2027", 2.0),
        ("min(a, b) @ 2027", 1.0),
        ("ln(exp(b)) + abs(-a) + sqrt(4 * b * b) @ 2027", 7.0),
        ("(a < b) @ 2027", 1.0),
        ("a >= b @ 2027", 0.0),
        ("(a == 1) * (b != 1) @ 2027", 1.0),
        ("9 ** 9 ** 9 ** 9 * 0 + a @ 2027", np.nan),
        ("ln(a - b) @ 2027", np.nan),
        ("(ln(a - b) > 0) @ 2027", np.nan),
        ("a / (b - 2) @ 2027", np.inf),
    ],
)
def test_formulas_are_worked_out(text, expected):
    found = value(text, a_2027=np.float64(1), b_2027=np.float64(2), a_2020=np.float64(10))
    assert found == expected or (np.isnan(found) and np.isnan(expected))


def test_elements_and_years_are_read():
    tree = parse("output[electronics] / x[a, b] @ 2027.5")
    assert tree == Apply("/", (Point("output[electronics]", 2027.5), Point("x[a,b]", 2027.5)))
    assert parse("3") == Number(3.0)


@pytest.mark.parametrize(
    "text, message",
    [
        ("a / b", "'a' has no year; end the formula with one"),
        ("a @ 2020 + b", "'b' has no year"),
        ("a @ b", "after @ expected a year"),
        ("a +", "cannot be read as a formula"),
        ("a\0", "cannot be read as a formula"),
        ("a b @ 2027", "cannot be read as a formula"),
        ("a.b @ 2027", "'a.b' is not understood"),
        ("a['b'] @ 2027", "an element is written as in"),
        ("__import__('os').system('x') @ 2027", "is not understood"),
        ("open('x') @ 2027", "'open('x')' is not understood"),
        ("(lambda: 1)() @ 2027", "is not understood"),
        ("[a for a in b] @ 2027", "is not understood"),
        ("a if b else 1 @ 2027", "is not understood"),
        ("f'{a}' @ 2027", "is not understood"),
        ("True + a @ 2027", "'True' is not understood"),
        ("1j + a @ 2027", "'1j' is not understood"),
        ("a < b < c @ 2027", "'a < b < c @ 2027' is not understood"),
        ("min(a) @ 2027", "min takes 2 to 20 arguments, found 1"),
        ("exp(*a) @ 2027", "'*a' is not understood"),
        ("min(a, b, key=c) @ 2027", "is not understood"),
        ("-" * 900 + "a @ 2027", "nests more than 40 deep"),
        ("(" * 400 + "a @ 2027" + ")" * 400, "cannot be read as a formula"),
        ("{1: " + "-" * 800 + "a} @ 2027", "is not understood"),
        ("a" * 2000, "is 2,000 characters long"),
        ("9" * 900 + " + a @ 2027", "is not understood"),
    ],
)
def test_what_is_no_formula_is_refused(text, message):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in str(caught.value)


SWEEP = """
name: shipped
base: all_plans
design: {kind: latin, n: 40}
vary: [robot_life, delivery_2024, demand_growth_2010]
levers: {robot_subsidy: {plan: newind_2024_2027}}
others: posterior
outputs:
  variables: {"output[electronics]": 2027}
  metrics: {gdp: [2015, 2027]}
  targets: [newind_2024_2027, mfg_2023_2025]
  expressions: {ratio: "industrial_value_added / gdp_real @ 2027"}
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "shipped.yaml"
    path.write_text(SWEEP, encoding="utf-8")
    sweep = load_sweep(path)
    return sweep, evaluate(sweep, 0, 40)


@pytest.fixture(scope="module")
def figures(swept):
    """The same members by the way of a forecast: everything saved, every figure, all years to the scenario's end."""
    sweep, chunk = swept
    program, end = sweep.program, sweep.reader.end
    layer = measurement.load_layer(shipped(METRICS), shipped(OBSERVATIONS), start=program.initial_time)
    needs = layer.requirements()
    years, times, savings = years_and_points(program, *needs, end, 0.25)
    arrays = runtime.simulate(program, kernel_inputs(sweep, chunk.inputs, 0), savings, final_time=end)
    run = measurement.read_run(needs, years, times, arrays)
    return layer, measurement.predict(layer, run, {}, 0, discrepancy=False)


def test_figures_and_targets_are_those_of_the_scorecard(swept, figures):
    sweep, chunk = swept
    layer, predictions = figures
    units = {name: quantity.unit for name, quantity in layer.metrics.quantities.items()}
    questions = results.read_questions(shipped(QUESTIONS), units)
    found = dict(zip([o.name for o in sweep.outputs], chunk.outputs.T, strict=True))
    targets = [t for t in questions.targets if t.id in found]
    assert {t.plan for t in targets} == {"newind_2024_2027", "mfg_2023_2025"}
    for target in targets:
        values, _, met = met_by(predictions, questions.readings[target.id][0], target.operator)
        np.testing.assert_allclose(found[target.id], values, rtol=1e-12, err_msg=target.id)
        assert np.array_equal(found[f"{target.id}.met"], met), target.id
    for year in (2015, 2027):
        expected = predictions.values["gdp"][year - predictions.years[0]]
        np.testing.assert_allclose(found[f"metric.gdp@{year}"], expected, rtol=1e-12)


def test_outputs_are_named_and_have_units(swept):
    sweep, chunk = swept
    by_name = {o.name: o for o in sweep.outputs}
    assert len(by_name) == chunk.outputs.shape[1]
    assert by_name["output[electronics]@2027"].units == "yuan_1e8/year"
    assert by_name["metric.gdp@2027"].units == "yuan_1e8" and by_name["metric.gdp@2027"].kind == "metric"
    density = by_name["p2027.robot_density"], by_name["p2027.robot_density.met"]
    assert [o.kind for o in density] == ["target", "target"] and [o.units for o in density] == [
        "robots_per_1e4_workers",
        "",
    ]
    assert not chunk.flags.any()


def test_bits_of_figures_do_not_depend_on_slices_or_threads(swept):
    sweep, chunk = swept
    for start, stop, threads in ((0, 1, 1), (1, 8, 2), (8, 40, 1)):
        assert np.array_equal(evaluate(sweep, start, stop, threads=threads).outputs, chunk.outputs[start:stop])
