"""What each lever moves, which way, and through which constants alone; nothing where it is absent."""

from dataclasses import dataclass

import numpy as np
import pytest

from economy import IDS, LEVERS, MEDIANS, OWN, PROGRAM, draws, elements, held, yearly
from huangpu.runtime.ensemble import Inputs

SIZE = 50
PARAMETERS = draws(SIZE, seed=41)
GOALS = (
    "goals_to_2020",
    "goals_to_2020_brand",
    "goals_to_2025",
    "goals_to_2027",
)  # each is seen alone, as one may ask for more than another


@dataclass(frozen=True)
class Effect:
    """through: constants, whole or elements, that carry the lever's effect; up, down: what it is meant to move."""

    through: tuple[str, ...]
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()


def programmes(*names: str, through: tuple[str, ...] = (), up: tuple[str, ...] = (), down: tuple[str, ...] = ()):
    """An effect that also drives these programmes."""
    effort = tuple(f"programme_effort[{name}]" for name in names)
    return Effect((*through, *effort), (*(f"programme_stock[{name}]" for name in names), *up), down)


EFFECTS = {
    "goals_to_2020": Effect(("goal_2020",), ("programme_stock[smart_factories]", "programme_stock[hidden_champions]")),
    "goals_to_2020_brand": Effect(
        ("brand_goal_2020",), ("programme_stock[smart_factories]", "programme_stock[cloud_enterprises]")
    ),
    "goals_to_2025": Effect(
        ("goal_2025", "yearly_goal", "land_effort", "land_support"),
        ("programme_stock[specialty_parks]", "programme_starts[foundation_tasks]"),
    ),
    "goals_to_2027": Effect(
        ("goal_2027", "yearly_goal", "land_effort", "land_support"),
        ("programme_stock[smart_space]", "programme_starts[foundation_tasks]"),
    ),
    "demand_promotion": Effect(
        ("demand_promotion_effect", "leading_scenario_effect"), ("demand", "above_scale_output", "leading_scale")
    ),
    "opening": Effect(("opening_effect",), ("demand", "above_scale_output")),
    "investment_support": Effect(("investment_support_effect",), ("investment_real", "capital")),
    "technological_renovation": Effect(
        ("renovation_investment_effect", "renovation_share_effect"),
        ("renovation_share", "renovation_investment", "investment_real"),
        ("energy_per_value_added",),
    ),
    "industrial_finance": Effect(("fund_cost_effect",), ("investment_real",), ("finance_cost",)),
    "cost_reduction": Effect(("cost_reduction_effect",), ("profitability", "investment_real")),
    "business_environment": programmes(
        "service_stewards",
        through=("permitting_effect",),
        up=("permitting_gain",),
        down=("capital_under_construction",),
    ),
    "land_and_space": Effect(("land_floor",), ("land_supply", "industrial_land", "investment_real")),
    "park_upgrading": programmes(
        "specialty_parks",
        "national_bases",
        through=("park_upgrading_effect",),
        up=("land_productivity",),
        down=("space_use",),
    ),
    "smart_space_programme": programmes("smart_space", up=("usable_space", "investment_real")),
    "industrial_fund_programme": programmes("industrial_fund", up=("leading_scale",), down=("finance_cost",)),
    "backward_capacity_elimination": Effect(
        ("elimination_rate",),
        ("scrapping[steel]", "land_freed", "energy_freed"),
        ("capital[steel]", "industrial_energy"),
    ),
    "robot_subsidy": Effect(("robot_subsidy_rate",), ("robots", "above_scale_robot_density"), ("payback",)),
    "integrator_support": Effect(("integrator_effect",), ("robots", "above_scale_robot_density")),
    "smart_factory_programme": programmes("smart_factories", "benchmark_factories", up=("robots",)),
    "chain_leader_programme": programmes("chain_leaders", up=("robots",)),
    "digital_promotion": Effect(("digital_adoption_effect",), ("digital_adoption",)),
    "digital_provider_programme": programmes("digital_providers", up=("digital_adoption",)),
    "industrial_internet_programme": programmes(
        "industrial_internet_platforms", "cloud_enterprises", up=("digital_adoption",)
    ),
    "industrial_data_programme": programmes("data_products", up=("digital_adoption",)),
    "energy_retrofit": Effect(
        ("retrofit_effect",),
        (),
        ("energy_intensity", "energy_per_value_added", "industrial_energy", "industrial_carbon"),
    ),
    "green_power": Effect(("green_power_effect",), ("clean_share",), ("industrial_carbon", "carbon_per_value_added")),
    "green_chain_programme": programmes(
        "green_chain_leaders", "green_technology_suppliers", "green_assessors", down=("energy_per_value_added",)
    ),
    "virtual_power_plant_programme": programmes("virtual_power_plant", down=("quota_pressure",)),
    "research_support": Effect(
        ("research_support_effect",), ("research_intensity", "knowledge_index", "industrial_value_added")
    ),
    "talent_support": Effect(("talent_support_effect",), ("talent_effect", "knowledge_index")),
    "innovation_centre_programme": programmes(
        "innovation_centres", "national_technology_centres", up=("knowledge_index",)
    ),
    "foundation_tackling": programmes("foundation_tasks", up=("knowledge_index",)),
    "emerging_promotion": Effect(("emerging_promotion_effect",), ("industry_emerging_share", "emerging_share")),
    "leading_industry_support": Effect(("leading_support_effect",), ("leading_scale", "cluster_scale[life_health]")),
    "sme_cultivation": programmes("specialised_smes", "little_giants", up=("emerging_share",)),
    "enterprise_growth": programmes(
        *("hidden_champions", "hightech_enterprises", "innovative_smes", "star_firms", "national_sme_clusters"),
        *("single_champions", "top_500_manufacturers"),
        up=("emerging_share",),
    ),
    "service_manufacturing": programmes(
        "integrators", "service_manufacturing", through=("producer_services_effect",), up=("producer_services_share",)
    ),
    "quality_and_brand": Effect(("quality_effect",), ("upgrading", "industrial_value_added")),
}


def world(lever: str) -> dict:
    """All other levers as the plans state them."""
    apart = GOALS if lever in GOALS else ()
    return {other: held(1.0, SIZE) for other in LEVERS if other not in apart}


def with_and_without(lever: str, names, parameters=PARAMETERS) -> tuple[np.ndarray, np.ndarray]:
    """(name, year, member) with the lever at 1 and absent."""
    return tuple(
        yearly(names, Inputs(SIZE, parameters, world(lever) | {lever: held(level, SIZE)})) for level in (1.0, 0.0)
    )


def test_every_lever_is_here():
    assert set(EFFECTS) == set(LEVERS)


@pytest.mark.parametrize("lever", EFFECTS)
def test_a_lever_moves_what_it_is_meant_to_the_right_way(lever):
    """Over the years as a whole: never the other way in any draw, and at all in nine of ten, as a floor on land or a
    goal that is met anyway moves nothing."""
    effect = EFFECTS[lever]
    for names, sign in ((effect.up, 1), (effect.down, -1)):
        for name in names:
            on, off = with_and_without(lever, elements(name))
            gain = sign * (on - off).sum(axis=1)
            slack = 1e-12 * np.abs(off).sum(axis=1)
            wrong = {
                id: (gain[i] < -slack[i]).sum() for i, id in enumerate(elements(name)) if (gain[i] < -slack[i]).any()
            }
            assert wrong == {}, name
            assert ((gain > slack).mean(axis=1) >= 0.9).all(), name


@pytest.mark.parametrize("lever", EFFECTS)
def test_a_lever_acts_through_its_constants_and_nothing_else(lever):
    """With these at nothing it moves no variable, to the bit."""
    dead = {id: np.zeros(SIZE) for id in elements(*EFFECTS[lever].through)}
    same = ("programme_lever", "floor_in_force")  # the lever, under other names
    others = [id for id in IDS if id != lever and not id.startswith(same)]
    on, off = with_and_without(lever, others, PARAMETERS | dead)
    assert {id for i, id in enumerate(others) if not np.array_equal(on[i], off[i])} == set()


def test_where_all_levers_are_absent_their_strengths_mean_nothing():
    """Three times as strong, all of them: not a bit of any variable changes."""
    strong = {id: np.repeat(3 * MEDIANS[id], SIZE) for e in EFFECTS.values() for id in elements(*e.through)}
    others = [id for id in IDS if id not in OWN]
    plain, changed = (yearly(others, Inputs(SIZE, PARAMETERS | more)) for more in ({}, strong))
    assert {id for i, id in enumerate(others) if not np.array_equal(plain[i], changed[i])} == set()


def test_where_a_scenario_is_silent_a_lever_is_absent_and_a_driver_neutral():
    defaults = {PROGRAM.rows[row].id: value for row, value in PROGRAM.constants}
    assert {id for id in defaults if id not in OWN and defaults[id] != 0} == set()
