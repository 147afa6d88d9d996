"""README's table of probabilities is what the shipped files say today."""

import re
from pathlib import Path

from huangpu import forecast
from huangpu.results.wording import amount, chance, goal

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- scorecard -->\n", "<!-- /scorecard -->\n"


def table(scores) -> str:
    """Rows of the modelled targets, likeliest last; `chance` as the terminal prints it."""
    modelled = sorted((s for s in scores if s.probability is not None), key=lambda s: s.probability)
    rows = [
        "| target for 2027 | threshold | projected median (90 %) | probability | figures |",
        "|---|---|---|---|---|",
    ]
    for s in modelled:
        figures = s.observations if s.status == "modelled" else s.status
        middle = f"{amount(s.median, s.unit)} ({amount(s.p05, s.unit)} to {amount(s.p95, s.unit)})"
        asked = goal(s.operator, s.threshold, s.threshold_high, s.unit)
        rows.append(f"| {s.label} | {asked} | {middle} | {chance(s.probability, s.effective_members)} | {figures} |")
    left = len(scores) - len(modelled)
    return "\n".join([*rows, "", f"{left} of {len(scores)} targets are not modelled yet.", ""])


def test_the_scorecard_in_the_readme_is_todays():
    job = forecast.prepare(README.parent / "scenarios" / "all_plans.yaml")
    answer = forecast.score(job, forecast.simulate(job)).answer
    text = README.read_text(encoding="utf-8")
    found = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert found == table(answer.scores), "\n" + table(answer.scores)


def test_the_python_in_the_readme_runs(monkeypatch):
    monkeypatch.chdir(README.parent)
    for block in re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, {})
