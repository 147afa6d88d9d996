"""From a run to the figures that are reported, and back: what reported figures say about a run.

`load_layer` meets metrics.yaml with observations.csv, `log_likelihood` scores members against the rows, `predict` turns
a run into figures with discrepancy drawn given what was reported. Knows only data files and arrays.
"""

from huangpu.measurement.datafile import DataError
from huangpu.measurement.layer import Layer, build_layer, load_layer
from huangpu.measurement.likelihood import log_likelihood, one_thread
from huangpu.measurement.metrics import read_metrics
from huangpu.measurement.observations import read_observations
from huangpu.measurement.prediction import predict
from huangpu.measurement.simulated import Simulated, residuals

__all__ = [
    "DataError",
    "Layer",
    "Simulated",
    "build_layer",
    "load_layer",
    "log_likelihood",
    "one_thread",
    "predict",
    "read_metrics",
    "read_observations",
    "residuals",
]
