"""A model that is run from Python: what is given in place of its own, for all members or one by one."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import huangpu
import modelfile
from huangpu.anymodel import RunError

MODEL = (
    modelfile.POPULATION
    + """
Memory = SMOOTH N(Population, 3, 100, Order) ~ person ~ |
Order = 2 ~ dmnl ~ |
First = INITIAL(Population * 2) ~ person ~ |
"""
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(folder))
        yield huangpu.compile_model(modelfile.write(folder, MODEL))


def values(dataset, name, member=0):
    return dataset[name].values[:, member]


def test_a_model_runs_with_its_own_times(model):
    found = model.run()
    assert found["population"].dims == ("time", "member") and found["part"].dims == ("time", "member", "region")
    assert list(found.time.values) == list(range(11))
    assert found["time_step"].values[0, 0] == 1 and found["population"].attrs["units"] == "person"
    assert not [name for name in found if "smooth" in name]  # what a function hides is not shown


def test_constants_for_all_and_per_member_by_names_as_people_write_them(model):
    low, high = (values(model.run({"birth rate": rate}), "population") for rate in (0.1, 0.2))
    both = model.run({'"BIRTH_RATE"': [0.1, 0.2]})
    assert (values(both, "population", 0) == low).all() and (values(both, "population", 1) == high).all()
    assert high[-1] > low[-1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"share": 0.5}, [[0.5, 0.5]]),
        ({"share": [0.1, 0.2]}, [[0.1, 0.2]]),
        ({"share[north]": 9}, [[9, 0.75]]),
        ({"share[Region]": 8}, [[8, 8]]),
        ({"share": [[1, 2], [3, 4], [5, 6]]}, [[1, 2], [3, 4], [5, 6]]),
        ({"share": xr.DataArray([7.0], dims=["region"], coords={"region": ["South"]})}, [[0.25, 7]]),
        ({"share": xr.DataArray([1.0, 2.0], dims=["member"])}, [[1, 1], [2, 2]]),
    ],
)
def test_arrays_are_given_whole_by_element_and_by_member(model, given, expected):
    np.testing.assert_array_equal(model.run(given)["share"].values[-1], expected)


def test_a_series_drives_a_constant_or_takes_the_place_of_a_variable(model):
    series = pd.Series([0.1, 0.2], index=[2, 4])
    assert values(model.run({"birth rate": series}), "birth_rate")[:6] == pytest.approx([0.1, 0.1, 0.1, 0.15, 0.2, 0.2])
    assert values(model.run(data={"births": series * 100}), "births")[3] == pytest.approx(15)
    assert (values(model.run({"Life Time": 20}), "life_time") == 20).all()
    paths = xr.DataArray([[1.0, 2.0], [3.0, 6.0]], dims=["time", "member"], coords={"time": [0, 10]})
    np.testing.assert_allclose(model.run({"births": paths})["births"].values[5], [2, 4])


def test_stocks_start_from_what_is_given_and_so_does_what_depends_on_them(model):
    found = model.run(initial={"population": [100, 50]})
    np.testing.assert_array_equal(found["population"].values[0], [100, 50])
    np.testing.assert_array_equal(found["first"].values[-1], [200, 100])
    assert (values(found, "population") == values(model.run(), "population")).all()


def test_lookups_take_new_points_of_any_number_for_all_or_per_member(model):
    same = model.run(lookups={"effect": [(0, 1), (1, 2)]})
    assert (values(same, "population") == values(model.run(), "population")).all()
    more = model.run(lookups={"Effect": pd.Series([1, 2, 2], index=[0, 0.5, 1])})
    assert list(values(more, "life_time"))[:7] == pytest.approx([50, 60, 70, 80, 90, 100, 100])
    each = model.run(lookups={"effect": [[(0, 1), (1, 2)], [(0, 3), (0.1, 3), (1, 4)]]})
    np.testing.assert_allclose(each["life_time"].values[:2], [[50, 150], [55, 150]])


def test_times_are_given_and_reach_the_equations(tmp_path):
    model = huangpu.compile_model(modelfile.write(tmp_path, "x = Time - INITIAL TIME + FINAL TIME + TIME STEP |"))
    found = model.run(initial_time=2, final_time=5, time_step=0.5, saveper=1.5)
    assert list(found.time.values) == [2, 3.5, 5]
    assert list(values(found, "x")) == [5.5, 7, 8.5]
    assert list(model.run({"FINAL TIME": 1}).time.values) == [0, 1]


def test_a_constant_that_shapes_the_program_is_compiled_in(model):
    third = model.run({"order": 3})
    assert (values(third, "memory") != values(model.run(), "memory")).any()
    with pytest.raises(RunError, match="one number for all members"):
        model.run({"order": [2, 3]})


def test_only_what_is_asked_for_is_returned(model):
    assert set(model.run(save=["Part[south]", "time step"])) == {"part[south]", "time_step"}


def test_threads_and_the_other_members_change_no_bit(model):
    rates = np.linspace(0.05, 0.3, 200)
    one, two = (model.run({"birth rate": rates}, threads=threads)["population"].values for threads in (1, 2))
    assert (one == two).all()
    assert (one[:, 7] == values(model.run({"birth rate": rates[7]}), "population")).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"params": {"birth rat": 1}}, "Did you mean Birth Rate"),
        ({"params": {"population": 1}}, "a stock"),
        ({"params": {"effect": 1}}, "a lookup"),
        ({"params": {"share[west]": 1}}, "no such element"),
        ({"params": {"share[north,south]": 1}}, "has 1 subscript"),
        ({"params": {"share": [1, 2, 3]}}, r"shape \(3,\); expected"),
        ({"params": {"birth rate": "fast"}}, "no number"),
        ({"params": {"birth rate": float("nan")}}, "not a finite number"),
        ({"params": {"birth rate": [1, 2], "scale": [1, 2, 3]}}, "different numbers of members"),
        ({"params": {"birth rate": pd.Series([1, 2], index=[3, 3])}}, "times that rise"),
        ({"initial": {"deaths": 1}}, "no stock"),
        ({"lookups": {"efect": [(0, 1)]}}, "Did you mean effect"),
        ({"lookups": {"effect": [(1, 1), (0, 1)]}}, "x do not rise"),
        ({"save": ["populatio"]}, "Did you mean Population"),
        ({"members": 0}, "at least one member"),
        ({"members": 10**8}, "Save fewer"),
    ],
)
def test_what_does_not_fit_is_said(model, given, message):
    with pytest.raises(RunError, match=message):
        model.run(**given)


def test_all_that_does_not_fit_is_said_at_once(model):
    with pytest.raises(RunError) as caught:
        model.run({"x": 1, "population": 2}, save=["y"])
    assert len(str(caught.value).splitlines()) == 3
