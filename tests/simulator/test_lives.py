"""Firms are born, fade and die; shocks move whom they should; the truth is whole and kept apart."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np

from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.plan import Shock
from kuaidai.simulator.world import World, build_world

ENDS_ON = date(2026, 6, 30)
CATERING = 7


def _pair(*shocks: str) -> tuple[World, World]:
    calm, shaken = (
        build_world(
            firms=120, months=6, seed=3, ends_on=ENDS_ON, shocks=tuple(map(Shock.read, texts))
        )
        for texts in ((), shocks)
    )
    return calm, shaken


def test_a_shock_moves_the_industry_by_its_beta_from_its_month_on_and_recovers() -> None:
    calm, shaken = _pair("2026-02:-1.5:62")
    start = 22
    assert calm.line.month_first[start] == np.datetime64("2026-02-01")

    lasts = (calm.lives.ends > 40) & (shaken.lives.ends > 40)
    moved = (shaken.health.firm_months() - calm.health.firm_months())[lasts]
    hit = calm.firms.industry[lasts] == CATERING
    assert INDUSTRIES[CATERING].code == "62"
    assert np.allclose(moved[:, :start], 0)
    assert np.allclose(moved[~hit], 0)
    assert hit.sum() >= 5
    for later in range(calm.line.months - start):
        expected = -1.5 * INDUSTRIES[CATERING].beta * 0.9**later
        assert np.allclose(moved[hit, start + later], expected)


def test_a_shock_to_all_follows_each_industrys_beta() -> None:
    calm, shaken = _pair("2026-03:-1")
    lasts = (calm.lives.ends > 40) & (shaken.lives.ends > 40)
    moved = (shaken.health.firm_months() - calm.health.firm_months())[lasts, 23]

    assert np.allclose(moved, -calm.firms.trait("beta")[lasts])
    assert shaken.trade.sales[:, 24:].sum() < calm.trade.sales[:, 24:].sum()


def test_some_firms_are_born_and_some_end_during_the_history(world: World) -> None:
    first, months = world.line.month_first[0], world.line.months
    born = (world.firms.established > first).mean()
    ended = (world.lives.ends < months).mean()

    assert 0.1 <= born <= 0.3
    assert 0.04 <= ended <= 0.15


def test_an_ending_firm_is_weaker_and_fades(world: World) -> None:
    ends = world.lives.ends
    whole = np.flatnonzero((ends >= 30) & (ends < world.line.months))
    whole = whole[world.trade.active[whole, 10]]
    assert len(whole) >= 10
    last = np.array([world.trade.sales[firm, ends[firm] - 3 : ends[firm]].sum() for firm in whole])
    year_before = np.array(
        [world.trade.sales[firm, ends[firm] - 15 : ends[firm] - 12].sum() for firm in whole]
    )

    assert np.median(last / year_before) < 0.5
    assert world.health.firm_months()[whole, ends[whole] - 1].mean() < -1.5
    assert all(world.trade.sales[firm, ends[firm] :].sum() == 0 for firm in whole)


def test_the_account_of_an_ended_firm_is_emptied_and_closed(
    world: World, sql: duckdb.DuckDBPyConnection
) -> None:
    places = np.flatnonzero((world.lives.ends < world.line.months) & world.trade.active.any(axis=1))
    for place in places:
        last = world.line.month_last[world.lives.ends[place]].astype(date)
        rows = sql.execute(
            "select balance_on, balance from daily_balances where uscc = ? order by 1 desc limit 1",
            [world.firms.uscc[place]],
        ).fetchall()
        assert rows == [(last, 0)]


def test_the_registry_strikes_ended_firms_off_in_a_later_extract(
    sql: duckdb.DuckDBPyConnection,
) -> None:
    gone = sql.execute(
        """select uscc, min(as_of) filter (status in ('cancelled', 'revoked')) as struck,
                  max(as_of) filter (status in ('open', 'suspended')) as alive
           from enterprises group by 1 having struck is not null"""
    ).fetchall()
    kinds = sql.execute("select distinct status from enterprises").fetchall()

    assert len(gone) >= 5
    assert all(alive is None or alive < struck for _, struck, alive in gone)
    assert {"open", "cancelled", "revoked"} <= {kind for (kind,) in kinds}
    late = sql.execute(
        """select count(*) from transactions join enterprises using (uscc)
           where status in ('cancelled', 'revoked') and booked_on >= as_of"""
    ).fetchone()
    assert late == (0,)


def test_loans_of_ended_firms_fall_behind_for_good(
    world: World, sql: duckdb.DuckDBPyConnection
) -> None:
    ended = world.lives.ends < world.line.months - 4
    names = [world.firms.uscc[place] for place in np.flatnonzero(ended)]
    rows = sql.execute(
        """select days_past_due from loan_months
           where month_end = date '2026-10-31' and outstanding > 0 and uscc in
             (select unnest(?::varchar[]))""",
        [names],
    ).fetchall()

    assert len(rows) >= 3
    assert min(days for (days,) in rows) >= 60


def test_some_owners_start_again_after_their_firm_has_failed(world: World) -> None:
    before = np.flatnonzero(~np.isnat(world.firms.failed))
    assert len(before) >= 3
    after = before + 1

    assert np.array_equal(world.firms.owner[before], world.firms.owner[after])
    assert (world.firms.established[after] > world.firms.failed[before]).all()
    assert (world.firms.established[before] < world.firms.failed[before]).all()
    for old, new in zip(before, after, strict=True):
        assert not (world.trade.active[old] & world.trade.active[new]).any()


def test_no_firm_trades_before_it_is_born(sql: duckdb.DuckDBPyConnection) -> None:
    early = sql.execute(
        """select * from transactions join enterprises using (uscc)
           where booked_on < established_on limit 3"""
    ).fetchall()
    assert early == []


def test_young_firms_grow_into_their_size(world: World) -> None:
    age = (
        np.arange(world.line.months)[None, :]
        - (
            world.firms.established.astype("datetime64[M]")
            - world.line.month_first[0].astype("datetime64[M]")
        ).astype(np.int64)[:, None]
    )
    ordinary = world.firms.turnover[:, None] / 12
    relative = world.trade.sales / ordinary

    young = np.median(relative[world.trade.active & (age < 12)])
    grown = np.median(relative[world.trade.active & (age > 48)])
    assert young < 0.75 * grown
