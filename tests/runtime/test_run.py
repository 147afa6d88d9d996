"""A scenario over members becomes a Dataset that says what it holds and what made it, and a file that is whole."""

import dataclasses
import json

import netCDF4
import numpy as np
import pytest
import xarray as xr

from handmade import auxiliary, call, constant, ordered, plain_run, program, stock
from huangpu.ir import Variable
from huangpu.runtime import run, run_and_save
from huangpu.runtime.dataset import dataset, table, write_netcdf
from huangpu.runtime.ensemble import Saving, annual_means
from huangpu.runtime.members import Members, own_constants
from huangpu.runtime.scenario import ScenarioError, check, load_scenario

SCENARIO = """\
name: small
save: {variables: [stock, "share[a]", push], every: 0.5}
horizon: {end: 2006}
members: 3
seed: 7
parameters: {decay: 0.25}
levers:
  push:
    - {plan: one, start: 2001, hold: 2, end: 2003}
    - {plan: two, start: 2002, ramp: {shape: linear, years: 2}, delivery: done}
"""


def element(base, *elements, **more):
    fields = {"id": f"{base}[{','.join(elements)}]", "base": base, "elements": elements, "units": "m", "doc": "of it"}
    label = f"{base.title()}[{','.join(e.title() for e in elements)}]"
    return lambda variable: dataclasses.replace(variable, label=label, **(fields | more))


def economy():
    a, b = (f"stock[{e}]" for e in "ab")
    model = ordered(
        constant("decay", 0.5),
        constant("push", 0.0),
        element("stock", "a")(stock(a, call("sub", "push", call("mul", "decay", a)), 1.0)),
        element("stock", "b")(stock(b, call("mul", "decay", b), 1.0)),
        element("share", "a")(auxiliary("", call("div", a, call("add", a, b)))),
        element("share", "b")(auxiliary("", call("div", b, call("add", a, b)))),
        driven=("push",),
        times=(2000.0, 2010.0, 0.25),
    )
    flat = dataclasses.replace(
        model.model,
        subscripts={"place": ("a", "b")},
        dims={"stock": ("place",), "share": ("place",)},
        labels={"a": "A", "b": "B"},
    )
    ids = [v.id for v in flat.variables if v.kind != "constant"]
    return dataclasses.replace(model, model=flat, initial=tuple(ids), step=("share[a]", "share[b]"))


MODEL = economy()
PROGRAM = program(MODEL)


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO)
    return check(load_scenario(path), PROGRAM)


MEMBERS = Members(3, {"decay": np.array([0.1, 0.2, 0.3])}, {"done": np.array([0.0, 0.5, 1.0])}, attrs={"made": "here"})


def test_a_run_is_the_plain_run_of_its_levers(scenario):
    data = run(PROGRAM, scenario, MEMBERS, threads=1)
    times = 2000 + 0.25 * np.arange(25)
    first = 2.0 * ((times >= 2001) & (times < 2003))
    push = first[:, None] + np.clip((times - 2002) / 2, 0, 1)[:, None] * MEMBERS.columns["done"]
    shorter = dataclasses.replace(MODEL, model=dataclasses.replace(MODEL.model, final_time=2006.0))
    plain = plain_run(shorter, "euler", 3, {"decay": np.full(3, 0.25)}, {"push": push})
    np.testing.assert_array_equal(data["push"].transpose("time", "member"), push[::2])
    np.testing.assert_array_equal(data["stock"].sel(place="a").transpose("time", "member"), plain["stock[a]"][::2])
    np.testing.assert_array_equal(data["stock"].sel(place="b").transpose("time", "member"), plain["stock[b]"][::2])
    np.testing.assert_array_equal(data["time"], times[::2])


def test_a_run_says_what_it_holds_and_what_made_it(scenario):
    data = run(PROGRAM, scenario, MEMBERS)
    assert data["stock"].dims == ("time", "member", "place") and list(data["place"].values) == ["a", "b"]
    assert list(data["place_label"].values) == ["A", "B"]
    assert data["stock"].attrs == {"units": "m", "long_name": "Stock", "kind": "stock", "doc": "of it"}
    assert data["share[a]"].dims == ("time", "member") and data["share[a]"].attrs["long_name"] == "Share[A]"
    assert data.attrs["model_hash"] == PROGRAM.model_hash and data.attrs["scenario_text"] == SCENARIO
    assert (data.attrs["seed"], data.attrs["dt"], data.attrs["method"]) == (7, 0.25, "euler")
    assert json.loads(data.attrs["posterior"]) == {"made": "here"} and "numba" in json.loads(data.attrs["versions"])


def test_further_savings_come_from_the_same_pass(scenario):
    means = Saving(("stock[b]",), *annual_means(PROGRAM, [2000, 2001], final_time=2006.0))
    seen = []
    data, (mean,) = run_and_save(PROGRAM, scenario, MEMBERS, [means], progress=lambda *counts: seen.append(counts))
    every = 1.0 * (1 + 0.25 * 0.25) ** np.arange(8)
    np.testing.assert_allclose(mean[0, :, 0], every.reshape(2, 4).mean(axis=1), rtol=1e-14)
    assert seen[-1] == (3, 3) and data.coords["time"].values.shape == (13,)


def test_a_delivery_that_the_members_do_not_have_is_refused(scenario):
    with pytest.raises(ScenarioError, match="no column 'done'"):
        run(PROGRAM, scenario, own_constants(3))


def test_a_file_is_whole_and_reads_back_the_same(scenario, tmp_path):
    saved, _ = run_and_save(PROGRAM, scenario, MEMBERS, [])
    path = tmp_path / "run.nc"
    write_netcdf(saved, path)
    with xr.open_dataset(path, engine="netcdf4") as read:
        xr.testing.assert_identical(read.load(), dataset(saved))
    before = path.read_bytes()
    broken = dataclasses.replace(saved, attrs={**saved.attrs, "bad": {"not": "an attribute"}})
    with pytest.raises(TypeError):
        write_netcdf(broken, path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.glob("*run.nc*")] == ["run.nc"]


def test_a_file_is_what_xarray_would_write(scenario, tmp_path):
    """Down to types, fill values and the coordinates that each variable names."""
    saved, _ = run_and_save(PROGRAM, scenario, MEMBERS, [])
    write_netcdf(saved, tmp_path / "ours.nc")
    dataset(saved).to_netcdf(tmp_path / "theirs.nc", engine="netcdf4")
    ours, theirs = ({name: _plain(v) for name, v in _variables(tmp_path / file)} for file in ("ours.nc", "theirs.nc"))
    assert ours == theirs


def _variables(path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        yield from file.variables.items()


def _plain(variable):
    attrs = {name: repr(value) for name, value in variable.__dict__.items()}
    return variable.dtype, variable.dimensions, attrs, variable[:].tolist()


def test_a_range_met_twice_has_two_dimensions():
    names = [f"flow[{i},{j}]" for i in "ab" for j in "ab"]
    rows = [element("flow", *name[5:-1].split(","))(Variable(name, name, "auxiliary", None)) for name in names]
    entries = program(ordered(*(dataclasses.replace(row, equation=call("add", 1.0, 1.0)) for row in rows))).rows
    built = dataclasses.replace(PROGRAM, rows=entries, dims={"flow": ("place", "place")})
    data = dataset(table(built, names, np.array([2000.0]), np.arange(4.0).reshape(4, 1, 1), {}))
    assert data["flow"].dims == ("time", "member", "place", "place_2")
    assert data["flow"].sel(place="b", place_2="a").item() == 2.0
