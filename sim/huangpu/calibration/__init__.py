"""Reported figures -> posterior. Start reading in `posterior.calibrate`.

read_priors       priors.yaml -> named priors over standard normal coordinates   priors
LogPosterior      coordinates -> run -> log likelihood + log prior               posterior
sample            independent ensembles of walkers -> draws                      sampling
convergence       R-hat and effective sample size                                diagnostics
write_members     draws -> members.nc                                            store
"""
