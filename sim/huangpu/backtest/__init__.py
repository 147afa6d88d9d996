"""Forecasts of the past from what was known then, and how they did. Start reading at `engine.backtest`.

    vintage    files + origin -> model, scenario, figures and priors as they stood then
    held       later rows -> those that are scored, with the quantity that predicts each; series as they were known
    predict    run + discrepancy -> draws of the held-out figures
    engine     refit, run, predict, keep; one origin after another
    evaluate   what was said + what came -> scores of the model and of naive forecasters
    summary    scores -> coverage, skill and Brier scores with their intervals
    report     tables, summary.json and the page; charts: the plots
    hindsight  priors that nobody could have had at an origin

Scores and naive forecasters know neither model nor files: types, student, naive, scores, bootstrap, brier, weights.
"""
