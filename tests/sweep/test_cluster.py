"""The same chunks by worker processes: the same bits, also where workers die; what cannot work is said."""

import os
import signal
import time

import pytest
from tests.sweep import small

from huangpu.sweep import cluster
from huangpu.sweep.manifest import SweepError
from huangpu.sweep.run import local, run

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of sockets whose worker was killed


@pytest.fixture(scope="module")
def whole(place, sweep):
    run(sweep, place / "whole", chunk=50)
    return small.arrays(place / "whole")


@pytest.fixture(scope="module")
def client():
    with cluster.local_workers(2) as client:
        yield client


def pids(client):
    return list(client.run(os.getpid).values())


def test_workers_give_the_same_bits(sweep, whole, client, tmp_path):
    done = run(sweep, tmp_path, chunk=50, source=cluster.computed_by(client))
    assert done.computed == 20 and cluster.threads(client) == 2
    assert small.same(small.arrays(tmp_path), whole)


def test_what_threads_began_workers_end(sweep, whole, client, tmp_path):
    def five(sweep, layout, numbers):
        yield from local(1)(sweep, layout, numbers[:5])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sweep, tmp_path, chunk=50, source=five)
    done = run(sweep, tmp_path, resume=True, source=cluster.computed_by(client))
    assert (done.kept, done.computed) == (5, 15)
    assert small.same(small.arrays(tmp_path), whole)


def test_a_killed_worker_loses_nothing(sweep, whole, client, tmp_path):
    """Both workers are killed in the middle; the ones that take their place get the sweep and the lost chunks."""
    first = pids(client)

    def killing(sweep, layout, numbers):
        for count, packed in enumerate(cluster.computed_by(client)(sweep, layout, numbers)):
            yield packed
            if count in (3, 8):
                os.kill(first[count == 8], signal.SIGKILL)

    run(sweep, tmp_path, chunk=50, source=killing)
    assert small.same(small.arrays(tmp_path), whole)
    client.wait_for_workers(2, timeout=60)
    assert not set(first) & set(pids(client))


def test_when_it_is_stopped_what_is_finished_is_kept(sweep, whole, client, tmp_path):
    def stopped(sweep, layout, numbers):
        chunks = cluster.computed_by(client)(sweep, layout, numbers)
        for _ in range(4):
            yield next(chunks)
        chunks.close()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sweep, tmp_path, chunk=50, source=stopped)
    assert len(small.lines(tmp_path)) == 4
    assert run(sweep, tmp_path, resume=True).kept == 4
    assert small.same(small.arrays(tmp_path), whole)


def deadly(plugin, number):
    if number == 3:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return cluster.chunk_on_worker(plugin, number)


def test_a_chunk_that_kills_its_workers_is_given_up(sweep, whole, client, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(cluster, "AHEAD", 1)
        patched.setattr(cluster, "chunk_on_worker", deadly)
        client.run_on_scheduler(_allow, 0)
        with pytest.raises(SweepError, match=r"1 workers? died.*short of memory.*of 20 chunks are kept.*--resume"):
            run(sweep, tmp_path, chunk=50, source=cluster.computed_by(client))
    client.run_on_scheduler(_allow, cluster.LOST)
    run(sweep, tmp_path, resume=True)
    assert small.same(small.arrays(tmp_path), whole)


def _allow(failures, dask_scheduler):
    dask_scheduler.allowed_failures = failures


def test_a_worker_of_other_versions_is_refused(sweep, client, tmp_path, monkeypatch):
    own = cluster.version
    monkeypatch.setattr(cluster, "version", lambda name: "1.0" if name == "numpy" else own(name))
    with pytest.raises(SweepError, match=r"other versions: numpy .* for 1\.0.*install the same"):
        run(sweep, tmp_path, chunk=50, source=cluster.computed_by(client))


def test_nothing_of_a_sweep_stays_on_the_workers(client):
    assert set(client.run(_sweeps).values()) == {0}


def _sweeps(dask_worker):
    return sum(name.startswith("huangpu") for name in dask_worker.plugins)


def test_no_scheduler_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with (
        pytest.raises(SweepError, match=r"no Dask scheduler answers"),
        cluster.scheduler("tcp://127.0.0.1:9"),
    ):
        pass


def test_an_address_that_is_none_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(SweepError, match=r"no Dask scheduler answers"), cluster.scheduler("gopher://x:1"):
        pass
