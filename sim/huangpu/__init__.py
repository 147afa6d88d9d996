"""Huangpu: system-dynamics ensembles of Shanghai's industry, and the odds that its plans' targets are met."""

__version__ = "0.1.0"
