"""What a calibration must show before its probabilities are worth reading.

replicates   worlds of the model's own making, fitted one by one and kept              from calibration.sbc
ranks        whether ranks are uniform: distributions, simultaneous bands, p-values
recovery     table and summary of a study, by group                                    sbc_charts draws them
residuals    every fitted row foretold from all other rows                             residual_charts draws them
"""
