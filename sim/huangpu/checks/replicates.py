"""Worlds fitted one by one, each kept as soon as it is done, so that a study can be stopped and gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from huangpu.calibration.posterior import Question
from huangpu.calibration.sampling import Settings
from huangpu.calibration.sbc import Replicate, Study, replicate, study
from huangpu.measurement import DataError, one_thread
from huangpu.results.writing import whole, write_text
from huangpu.runtime.ensemble import available_threads

SETTINGS = Settings(seed=20240102, ensembles=1, walkers=64, burn=400, steps=200, thin=20)
KEPT = "replicates"
MADE = "study.json"

Report = Callable[[int, int], None]


def fitted_worlds(
    question: Question,
    settings: Settings,
    count: int,
    folder: Path,
    *,
    linear: bool = False,
    threads: int | None = None,
    progress: Report | None = None,
) -> tuple[Study, list[Replicate]]:
    """The first `count` worlds of a study and their fits; those that `folder` keeps already are read.

    The same whatever the number of threads and however often it was stopped. Raises DataError where the folder keeps
    worlds of another model, of other files or settings.
    """
    asked = study(question, settings, linear=linear)
    _claim(folder, asked)

    def one(number: int) -> Replicate:
        path = folder / KEPT / f"{number:04d}.npz"
        found = _read(path, asked)
        if found is None:
            found = replicate(asked, number)
            with whole(path) as draft:
                np.savez_compressed(draft, **asdict(found))
        return found

    done = []
    with one_thread(), ThreadPoolExecutor(threads or available_threads()) as pool:
        try:
            for found in pool.map(one, range(count)):
                done.append(found)
                if progress:
                    progress(len(done), count)
        except BaseException:  # also when interrupted: worlds that have not begun are not waited for
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return asked, done


def _claim(folder: Path, asked: Study) -> None:
    """Write down what the folder is about, or see that it is about the same."""
    question, path = asked.question, folder / MADE
    about = {
        "model_hash": question.program.model_hash,
        "scenario": question.scenario.text,
        "files": dict(question.files),
        "settings": asdict(asked.settings),
        "linear": asked.linear,
        "names": list(asked.names),
    }
    try:
        before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError):
        raise DataError(f"{path}: cannot be read; remove the folder or choose another with --out") from None
    if before is None:
        return write_text(path, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    if before != about:
        other = [key for key in about if not isinstance(before, dict) or before.get(key) != about[key]]
        raise DataError(
            f"{folder}: keeps worlds of another study ({', '.join(other)} differ); remove it or choose another folder "
            "with --out"
        )
    return None


def _read(path: Path, asked: Study) -> Replicate | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {field.name: file[field.name] for field in fields(Replicate)}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); remove it, and its world is fitted again") from None
    values = {name: value if value.ndim else value.item() for name, value in found.items()}
    if any(np.shape(values[name]) != (len(asked.names),) for name in ("truth", "mean", "sd", "rank")):
        raise DataError(f"{path}: holds another number of quantities than this study; remove it")
    return Replicate(**values)
