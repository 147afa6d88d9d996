"""From a run to the figures that are reported, and back: what reported figures say about a run.

`load_layer` meets metrics.yaml with observations.csv, `log_likelihood` scores members against the rows, `predict` turns
a run into figures with discrepancy drawn given what was reported. Knows only data files and arrays.
"""

from importlib import import_module

from huangpu.measurement.datafile import DataError
from huangpu.measurement.drivers import Paths, Responses
from huangpu.measurement.layer import Layer, build_layer, load_layer, with_drivers
from huangpu.measurement.metrics import read_metrics
from huangpu.measurement.observations import read_observations
from huangpu.measurement.simulated import Predictions, Simulated, read_run, residuals

# imported when first used: they bring scipy, which nothing needs before the members have run
_LATER = {
    "draw_paths": "huangpu.measurement.paths",
    "log_likelihood": "huangpu.measurement.likelihood",
    "one_thread": "huangpu.measurement.likelihood",
    "predict": "huangpu.measurement.prediction",
}

__all__ = [
    "DataError",
    "Layer",
    "Paths",
    "Predictions",
    "Responses",
    "Simulated",
    "build_layer",
    "load_layer",
    "read_metrics",
    "read_observations",
    "read_run",
    "residuals",
    "with_drivers",
    *_LATER,
]


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'huangpu.measurement' has no attribute '{name}'")
    return getattr(import_module(_LATER[name]), name)
