"""README's table of probabilities is what the shipped files say today."""

import re
from pathlib import Path

from huangpu import forecast
from huangpu.results.wording import amount, chance, goal

README = Path(__file__).parents[1] / "README.md"


def between(text: str, name: str) -> str:
    """What stands between two markers of the README."""
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->\n")[0]


def table(scores) -> str:
    """Rows of the scored targets, likeliest last; `chance` as the terminal prints it."""
    scored = sorted((s for s in scores if s.probability is not None), key=lambda s: s.probability)
    rows = [
        "| target for 2027 | threshold | projected median (90 %) | probability | figures |",
        "|---|---|---|---|---|",
    ]
    for s in scored:
        middle = f"{amount(s.median, s.unit)} ({amount(s.p05, s.unit)} to {amount(s.p95, s.unit)})"
        odds = chance(s.probability, s.finest)
        rows.append(f"| {s.label} | {asked(s)} | {middle} | {odds} | {s.observations or s.status} |")
    left = len(scores) - len(scored)
    words = f"{left} of {len(scores)} targets are left out; `results/targets.csv` says why."
    return "\n".join([*rows, *(["", words] if left else []), ""])


def others(scores) -> str:
    """Rows of the alternative readings, in the order of the targets."""
    rows = ["| target for 2027 | read as | threshold | median | probability |", "|---|---|---|---|---|"]
    for s in scores:
        odds, middle = chance(s.probability, s.finest), amount(s.median, s.unit)
        rows.append(f"| {s.label} | {s.reading} ({s.years}) | {asked(s)} | {middle} | {odds} |")
    return "\n".join([*rows, ""])


def asked(s) -> str:
    return goal(s.operator, s.threshold, s.threshold_high, s.unit)


def test_the_scorecard_in_the_readme_is_todays():
    job = forecast.prepare(README.parent / "scenarios" / "all_plans.yaml")
    answer = forecast.score(job, forecast.simulate(job)).answer
    text = README.read_text(encoding="utf-8")
    today = table(answer.latest), others(answer.others(answer.questions.plans[-1]))
    assert (between(text, "scorecard"), between(text, "readings")) == today, "\n" + "\n".join(today)


def test_the_python_in_the_readme_runs(monkeypatch):
    monkeypatch.chdir(README.parent)
    for block in re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, {})
