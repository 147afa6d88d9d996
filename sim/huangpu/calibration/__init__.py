"""Reported figures -> posterior. Start reading in `posterior.calibrate`.

read_priors       priors.yaml -> named priors over standard normal coordinates   priors
LogPosterior      coordinates -> run -> log likelihood + log prior               posterior
sample            independent ensembles of walkers -> draws                      sampling, moves, reference
convergence       R-hat, effective sample size, walkers that are stuck           diagnostics
learnt            prior against posterior -> diagnostics.csv                     learnt, report, chart
Checkpoint        where a calibration that was cut off goes on                   checkpoint
members_table     draws -> members.nc                                            store
"""
