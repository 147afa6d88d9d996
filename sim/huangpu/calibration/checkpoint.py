"""Where a calibration that is cut off goes on: a folder beside its output, with the last stage of each ensemble.

A file appears whole (written aside, forced to disk, renamed), so whatever the moment of the kill there is the stage
before a block or the one after it, and both lead to the same draws.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from huangpu.calibration.sampling import Stage
from huangpu.measurement import DataError

MADE_BY = "made_by"


@dataclass(frozen=True)
class Checkpoint:
    """folder: where stages lie; made_by: all that they follow from, name -> text."""

    folder: Path
    made_by: Mapping[str, str]

    def load(self, ensemble: int) -> Stage | None:
        """The last stage of an ensemble, None if there is none. DataError if it follows from something else."""
        path = self._path(ensemble)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in (*(f.name for f in fields(Stage)), MADE_BY)}
                before = json.loads(str(arrays.pop(MADE_BY)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: cannot be gone on from ({error}); {self._advice()}") from None
        changed = [name for name in sorted({*before, *self.made_by}) if before.get(name) != self.made_by.get(name)]
        if changed:
            raise DataError(f"{path}: was begun with other {', '.join(changed)}; {self._advice()}")
        return Stage(**arrays)

    def save(self, ensemble: int, stage: Stage) -> None:
        self.folder.mkdir(exist_ok=True)
        path = self._path(ensemble)
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            np.savez(file, **asdict(stage), **{MADE_BY: np.array(json.dumps(dict(self.made_by)))})
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)

    def clear(self) -> None:
        """Forget all stages."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _path(self, ensemble: int) -> Path:
        return self.folder / f"ensemble_{ensemble}.npz"

    def _advice(self) -> str:
        return "calibrate without --resume begins anew"
