"""A bank in clusters: the same bytes however it is built, unique keys, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.lake import Lake
from kuaidai.kernel.identifiers import parse_phone, parse_resident_id, parse_uscc
from kuaidai.simulator import plan as plans
from kuaidai.simulator.emit import Progress, write_bank
from kuaidai.simulator.errors import NoSuchIndustry, NotADrop, ShockOutside, ShockUnreadable
from kuaidai.simulator.files import dataset_tables
from kuaidai.simulator.industries import INDUSTRIES
from kuaidai.simulator.plan import MOST_FIRMS, MOST_MONTHS, Cluster, Plan, Shock
from kuaidai.simulator.timeline import BURN_IN_MONTHS
from kuaidai.simulator.world import build_cluster

ENDS_ON = date(2026, 6, 30)
FIRMS_IN_A_CLUSTER = plans._CLUSTER_FIRMS
PLAN = Plan(firms=75, months=4, seed=3, ends_on=ENDS_ON)


@pytest.fixture(scope="module", autouse=True)
def small_clusters() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kuaidai.simulator.plan._CLUSTER_FIRMS", 25)
        yield


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clusters of 25 firms, built one after the other."""
    folder = tmp_path_factory.mktemp("clusters") / "bank"
    write_bank(PLAN, folder, workers=1)
    return folder


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_one_and_two_workers_write_the_same_bytes(bank: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    drop = write_bank(PLAN, tmp_path / "bank", workers=2, progress=seen.append)

    assert _files(tmp_path / "bank") == _files(bank)
    assert _files(tmp_path / "bank-truth") == _files(bank.with_name("bank-truth"))
    assert [one.firms for one in seen] == [25, 50, 75]
    assert seen[-1].transactions == drop.rows["transactions"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank", "bank-truth"]


def test_a_cluster_alone_is_what_it_is_in_the_whole(bank: Path) -> None:
    second = PLAN.clusters()[1]
    for name, table in dataset_tables(build_cluster(PLAN, second)):
        written = pq.read_table(bank / name / "part-00001.parquet")
        assert table.cast(written.schema).equals(written), name


def test_keys_are_unique_over_clusters(bank: Path) -> None:
    for folder in sorted(path for path in bank.iterdir() if path.is_dir()):
        key = list(DATASETS[folder.name].key)
        table = pq.read_table(folder, columns=key)
        assert table.num_rows == table.group_by(key).aggregate([]).num_rows, folder.name
    people = pq.read_table(bank / "owners", columns=["person_id", "resident_id", "phone"])
    distinct = people.group_by(people.column_names).aggregate([]).num_rows
    for column in people.column_names:
        assert len(people[column].unique()) == distinct, column


def test_every_number_fits_a_million_firms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuaidai.simulator.plan._CLUSTER_FIRMS", FIRMS_IN_A_CLUSTER)
    whole = Plan(firms=MOST_FIRMS, months=MOST_MONTHS, seed=3, ends_on=ENDS_ON).clusters()
    last = Cluster(whole[-1].number, MOST_FIRMS - 10, 10)
    world = build_cluster(Plan(firms=MOST_FIRMS, months=4, seed=3, ends_on=ENDS_ON), last)
    tables = dict(dataset_tables(world))

    assert sum(cluster.firms for cluster in whole) == whole[-1].first + whole[-1].firms
    assert whole[-1].first + whole[-1].firms == MOST_FIRMS
    for code in tables["enterprises"]["uscc"].unique().to_pylist():
        assert parse_uscc(code)[8:10] == "KD"
    for owner in tables["owners"].to_pylist():
        assert parse_resident_id(owner["resident_id"])[14:17] == "000"
        assert parse_phone(owner["phone"]).startswith("1990")
    assert tables["transactions"].num_rows > 0


def test_clusters_share_the_economy_and_nothing_of_their_own(bank: Path) -> None:
    first, second, _ = (build_cluster(PLAN, cluster) for cluster in PLAN.clusters())

    assert not np.array_equal(first.firms.turnover, second.firms.turnover)
    assert not np.array_equal(first.health.firm, second.health.firm)
    cores = [
        set(pq.read_table(path)["core_uscc"].unique().to_pylist())
        for path in sorted((bank / "core_enterprise_orders").iterdir())
    ]
    assert cores[0] & (cores[1] | cores[2])


@pytest.mark.slow
def test_the_lake_takes_a_bank_in_parts(bank: Path, tmp_path: Path) -> None:
    manifest = json.loads((bank / "drop.json").read_text("utf-8"))
    lake = Lake(tmp_path / "lake")
    lake.ingest(bank)

    connection = lake.connect(["transactions", "enterprises"])
    for name in ("transactions", "enterprises"):
        assert connection.table(name).count().execute() == manifest["rows"][name]


def test_a_shock_moves_its_industry_from_its_month_on() -> None:
    shock = Shock.read("2025-09:-2.0:62")
    hit_plan = Plan(firms=75, months=12, seed=3, ends_on=ENDS_ON, shocks=(shock,))
    calm_plan = Plan(firms=75, months=12, seed=3, ends_on=ENDS_ON)
    for cluster in calm_plan.clusters():
        calm, hit = build_cluster(calm_plan, cluster), build_cluster(hit_plan, cluster)
        line = calm.line
        month = int(np.searchsorted(line.month_first, np.datetime64("2025-09-01")))
        theirs = np.array([entry.code == "62" for entry in INDUSTRIES])[calm.firms.industry]
        moved = hit.health.firm - calm.health.firm
        start = month + BURN_IN_MONTHS
        assert theirs.any()
        assert (moved[:, :start] == 0).all()
        assert (moved[~theirs] == 0).all()
        assert (moved[theirs, start] < -1.5).all()
        assert np.array_equal(hit.trade.sales[:, :month], calm.trade.sales[:, :month])
        assert hit.trade.sales[theirs, month:].sum() < calm.trade.sales[theirs, month:].sum()


def test_shocks_that_are_none_are_refused() -> None:
    for text in ("2026-02", "2026-13:-1", "2026-02:nan", "2026-02:-11", "soon:-1"):
        with pytest.raises(ShockUnreadable, match=text):
            Shock.read(text)
    with pytest.raises(NoSuchIndustry, match="99"):
        Shock.read("2026-02:-1:99")
    with pytest.raises(ShockOutside, match="2031-01"):
        Plan(firms=1, months=4, seed=3, ends_on=ENDS_ON, shocks=(Shock.read("2031-01:-1"),))


def test_a_folder_that_is_no_drop_is_left_alone(tmp_path: Path) -> None:
    for place in ("bank", "bank-truth"):
        folder = tmp_path / place / place
        folder.mkdir(parents=True)
        (folder / "thesis.txt").write_text("years of work")
        with pytest.raises(NotADrop, match=place):
            write_bank(PLAN, folder.with_name("bank"))
        assert [path.name for path in folder.rglob("*")] == ["thesis.txt"]


def test_a_new_drop_replaces_a_former_one_whole(tmp_path: Path) -> None:
    write_bank(PLAN, tmp_path / "bank")
    small = Plan(firms=5, months=1, seed=1, ends_on=ENDS_ON)
    write_bank(small, tmp_path / "bank")

    assert not [path for path in (tmp_path / "bank").iterdir() if path.is_dir()]
    assert json.loads((tmp_path / "bank" / "drop.json").read_text("utf-8"))["firms"] == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank", "bank-truth"]
