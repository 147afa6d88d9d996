"""Files of members: taken as they are, drawn again where there are too few, refused in one line where unfit."""

import numpy as np
import pytest
import xarray as xr

from handmade import economy, program
from huangpu.runtime.members import MembersError, own_constants, read_members

PROGRAM = program(economy())


def write(tmp_path, columns=None, kinds=None, **attrs):
    path = tmp_path / "members.nc"
    columns = columns or {"share": np.linspace(0.1, 0.3, 10), "delivery_2024": np.linspace(0.5, 1.0, 10)}
    kinds = kinds or {"share": "parameter", "delivery_2024": "delivery"}
    data = {name: ("member", values, {"kind": kinds.get(name, "")}) for name, values in columns.items()}
    xr.Dataset(data, attrs={"model_hash": PROGRAM.model_hash, **attrs}).to_netcdf(path, engine="netcdf4")
    return path


def refusal(path, size=None):
    with pytest.raises(MembersError) as caught:
        read_members(path, PROGRAM, size)
    message = str(caught.value)
    assert "\n" not in message and path.name in message
    return message


def test_parameters_and_other_columns_come_apart(tmp_path):
    members = read_members(write(tmp_path, note="x"), PROGRAM)
    assert members.size == 10 and list(members.parameters) == ["share"] and list(members.columns) == ["delivery_2024"]
    assert members.attrs["note"] == "x"


def test_fewer_are_the_first_and_more_are_drawn_from_the_file(tmp_path):
    path = write(tmp_path)
    few, all_, more, most = (read_members(path, PROGRAM, size, seed=5) for size in (4, 10, 25, 100))
    for smaller, larger in ((few, all_), (all_, more), (more, most)):
        assert np.array_equal(smaller.draws, larger.draws[: smaller.size])
    assert np.array_equal(all_.draws, np.arange(10)) and set(most.draws) <= set(range(10))
    assert np.array_equal(most.parameters["share"], all_.parameters["share"][most.draws])
    other = read_members(path, PROGRAM, 100, seed=6)
    assert not np.array_equal(most.draws, other.draws)


def test_a_file_for_another_model_is_refused(tmp_path):
    assert "made for another version of the model" in refusal(write(tmp_path, model_hash="1" * 64))


def test_unknown_parameters_are_refused_with_the_nearest(tmp_path):
    columns = {"shares": np.ones(3)}
    assert "no constant of model 'handmade'; did you mean 'share'?" in refusal(write(tmp_path, columns))
    assert "'shares' is no constant" in refusal(write(tmp_path, columns, {"shares": "parameter"}))
    assert read_members(write(tmp_path, columns, {"shares": "delivery"}), PROGRAM).parameters == {}


def test_what_is_no_table_of_members_is_refused(tmp_path):
    junk = tmp_path / "junk.nc"
    junk.write_bytes(b"not a file of members")
    assert "cannot be read" in refusal(junk)
    assert "no such file" in refusal(tmp_path / "absent.nc")
    assert "no such file" in refusal(tmp_path)
    assert "no column" in refusal(write(tmp_path, {"share": np.zeros(0)}))
    assert "not finite" in refusal(write(tmp_path, {"share": np.array([1.0, np.nan])}))


def test_own_constants():
    assert own_constants().size == 1 and own_constants(7).parameters == {}
