"""Huangpu: system-dynamics ensembles of Shanghai's industry, and the odds that its plans' targets are met.

    program = huangpu.compile_model("models/shanghai_industry.mdl")
    scenario = huangpu.check(huangpu.load_scenario("scenarios/all_plans.yaml"), program)
    run = huangpu.run(program, scenario, huangpu.read_members("calibration/posterior/members.nc", program))

The whole line, from a scenario file to the odds of the targets, is `huangpu.forecast`.
"""

from importlib import import_module

__version__ = "0.1.0"

# imported when first used: `import huangpu` and the command line start fast
_NAMES = {
    "check": "huangpu.runtime.scenario",
    "compile_model": "huangpu.anymodel",
    "load_scenario": "huangpu.runtime.scenario",
    "read_members": "huangpu.runtime.members",
    "run": "huangpu.runtime",
}
__all__ = ["__version__", *_NAMES]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module 'huangpu' has no attribute '{name}'")
    return getattr(import_module(_NAMES[name]), name)
