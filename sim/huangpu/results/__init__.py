"""Answers from runs: how likely each target of the plans is. Start reading here.

    read_questions(...)         targets, their readings, their outcomes            questions; one file each
    scorecard(...)              questions + predictions -> scores                  scorecard
    write_scorecard(...)        scores -> scorecard.csv                            scorecard
    table.print_scorecard(...)  scores -> terminal; imported apart, as rich is     table
    fans(...)                   predictions, figures, targets -> what to draw      fans, figures
    charts.write_charts(...)    fans -> PNG; imported apart, matplotlib is slow    charts

A target meets the model in two steps: its operator and numbers come from results/targets.csv, what it is taken to mean
from results/readings.yaml. Predictions are quantities as they would be reported, (year, member).
"""

from huangpu.results.fans import Fan, fans
from huangpu.results.questions import Questions, read_questions
from huangpu.results.readings import Reading
from huangpu.results.scorecard import FAILED, Answer, Score, scorecard, write_scorecard
from huangpu.results.targets import Target

__all__ = [
    "FAILED",
    "Answer",
    "Fan",
    "Questions",
    "Reading",
    "Score",
    "Target",
    "fans",
    "read_questions",
    "scorecard",
    "write_scorecard",
]
