"""The model file and the priors say one thing: a constant with a prior stands at its centre."""

import numpy as np

from huangpu.calibration.posterior import load_question
from huangpu.files import shipped


def test_constants_stand_at_the_centres_of_their_priors():
    question = load_question(shipped("scenarios/all_plans.yaml"))
    centre = question.priors.values(np.zeros((len(question.priors.names), 1)))[:, 0]
    default = {question.program.rows[row].id: value for row, value in question.program.constants}
    apart = {
        name: (default[name], value)
        for name, value in zip(question.priors.names, centre, strict=True)
        if name in default and not np.isclose(default[name], value, rtol=1e-9, atol=1e-12)
    }
    assert apart == {}
