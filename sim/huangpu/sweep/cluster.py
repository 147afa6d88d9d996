"""The chunks of a sweep on a Dask cluster: worker processes of this machine, or those of a scheduler anywhere.

Workers compute and pack, this process writes: nothing but the installed package need be shared, no disk, and a chunk
that two workers have computed, because one was thought dead, is written once or twice with the same bytes. One process
writes what some hundred cores compute (`docs/scale.md`). The sweep itself travels once to each worker, also to those
that join later or take a dead one's place; a task is then two numbers. Few tasks are with the scheduler at a time, so
it holds a sweep of any size, and what is computed waits in no one's memory.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import dask
from distributed import Client, KilledWorker, LocalCluster, WorkerPlugin, as_completed, get_worker

from huangpu.sweep.evaluate import evaluate
from huangpu.sweep.manifest import Layout, SweepError
from huangpu.sweep.plan import PACKAGES, Sweep
from huangpu.sweep.run import Source
from huangpu.sweep.store import Packed, pack

AHEAD = 2  # chunks a thread of a worker that are with the scheduler at a time
RETRIES = 2  # of a chunk that fails though its worker lives, such as for want of memory
LOST = 3  # workers that may die over a chunk before it is given up
PATIENCE = 30  # seconds for a scheduler to answer, and for its first worker


class SweepOnWorker(WorkerPlugin):
    """The sweep, on each worker; refuses a worker whose packages are not those of the one who asks."""

    idempotent = True

    def __init__(self, sweep: Sweep, layout: Layout):
        self.name = f"huangpu-{sweep.name}-{uuid.uuid4().hex[:12]}"  # two may sweep the same at once
        self._pickled = pickle.dumps((sweep, layout))
        self._versions = _versions()

    def setup(self, worker) -> None:
        there = _versions()
        other = [f"{name} {there[name]} for {here}" for name, here in self._versions.items() if there[name] != here]
        if other:
            raise SweepError(
                f"worker {worker.address} has other versions: {', '.join(other)}; install the same on each"
            )
        self.sweep, self.layout = pickle.loads(self._pickled)


def chunk_on_worker(plugin: str, number: int) -> Packed:
    """A task."""
    known = get_worker().plugins[plugin]
    return pack(known.layout, number, evaluate(known.sweep, *known.layout.span(number), threads=1))


@contextmanager
def local_workers(count: int) -> Iterator[Client]:
    """Worker processes of this machine, one thread each; they end with this one. SweepError where they do not start."""
    settings = {
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": logging.CRITICAL,
    }
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST}):
        try:
            cluster = LocalCluster(n_workers=count, **settings)
        except (RuntimeError, OSError, TimeoutError) as error:
            raise SweepError(f"{count} worker processes could not be started ({error}); take fewer, or none") from error
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


@contextmanager
def scheduler(address: str) -> Iterator[Client]:
    """The workers of a scheduler; SweepError where it cannot be reached or has none."""
    for name in ("distributed", "distributed.client"):  # what is lost is said once, by us
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SweepError(
            f"{address}: no Dask scheduler answers there ({error}); start one with `dask scheduler` and give the "
            "address that it prints, such as tcp://host:8786"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise SweepError(
                f"{address}: the scheduler has no worker; start some with `dask worker {address}`"
            ) from None
        yield client


def computed_by(client: Client) -> Source:
    """The client's workers as a source of chunks."""

    def chunks(sweep: Sweep, layout: Layout, numbers: Sequence[int]) -> Iterator[Packed]:
        plugin, running = SweepOnWorker(sweep, layout), None
        waiting = iter(numbers)

        def submit(count: int) -> list:
            picked = itertools.islice(waiting, max(count, 0))
            key = f"{plugin.name}-{{}}".format
            return [
                client.submit(chunk_on_worker, plugin.name, number, key=key(number), retries=RETRIES)
                for number in picked
            ]

        try:
            _introduce(client, plugin)
            running = as_completed(submit(_room(client)), loop=client.loop)
            for future in running:
                yield _result(future)
                future.release()
                running.update(submit(_room(client) - running.count()))
        except OSError as error:
            raise SweepError(f"the scheduler was lost ({error})") from error
        finally:
            with contextlib.suppress(Exception):  # a scheduler that is gone needs no tidying
                if running is not None:
                    client.cancel(list(running.futures), force=True)
                client.unregister_worker_plugin(plugin.name)

    return chunks


def threads(client: Client) -> int:
    return sum(client.nthreads().values())


def _room(client: Client) -> int:
    return max(1, AHEAD * threads(client))


def _introduce(client: Client, plugin: SweepOnWorker) -> None:
    try:
        client.register_plugin(plugin)
    except SweepError:
        raise
    except Exception as error:  # whatever a foreign installation makes of it
        what = f"{type(error).__name__}: {error}"
        raise SweepError(f"workers cannot take the sweep ({what}); install the same Huangpu on each") from error


def _result(future) -> Packed:
    try:
        return future.result()
    except KilledWorker as error:
        raise SweepError(
            f"{error.allowed_failures + 1} workers died one after another over a chunk ({error.task}), the last "
            f"on {error.last_worker.address}; "
            "they may have been short of memory: take fewer workers on a machine, or look at their logs"
        ) from error
    except CancelledError as error:
        raise SweepError(f"the scheduler was lost ({error})") from error


def _versions() -> Mapping[str, str]:
    found = {}
    for name in (*PACKAGES, "zarr"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
