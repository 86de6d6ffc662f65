"""`kuaidai loan quote` and `kuaidai loan replay`: their fields, every option, and wrong input."""

import json
import subprocess
import sys

import pytest

from kuaidai.interfaces.cli import main

LOAN = {
    "principal": "12000.00", "annual_rate": "3.6", "method": "equal-principal",
    "start": "2026-01-20", "instalments": 3,
}  # fmt: skip
GIVEN = {
    "--principal": "100.00", "--annual-rate": "15.678", "--method": "equal-instalment",
    "--day-count": "act/365", "--start": "2024-01-01", "--every": "1m", "--instalments": "6",
}  # fmt: skip


def run(capsys, *arguments):
    """Exit code, stdout and stderr of a command."""
    code = 0
    try:
        main.run(("loan", *arguments))
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def quote(capsys, *more, without=(), **changed):
    options = GIVEN | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    flat = [
        part for name, value in options.items() if name not in without for part in (name, value)
    ]
    code, out, err = run(capsys, "quote", *flat, *more, "--json")
    assert code == 0, err
    return json.loads(out)


def column(said, name):
    return [row[name] for row in said["instalments"]]


@pytest.fixture
def replayed(capsys, tmp_path):
    def replayed(events, on="2026-03-02", terms=LOAN):
        path = tmp_path / "life.json"
        path.write_text(json.dumps({"terms": terms, "events": events}), encoding="utf-8")
        code, out, err = run(capsys, "replay", str(path), "--on", on, "--json")
        return code, json.loads(out) if out else None, err

    return replayed


def test_the_fields_of_a_quote(capsys) -> None:
    """1,000,000 x 3.85 % / 360 x 31 days = 3,315.28; (1 + 0.00331528) ^ (365 / 31) - 1 = 3.9739 %."""
    said = quote(capsys, principal="1000000", annual_rate="3.85", day_count="act/360",
                 start="2025-01-20", instalments="1")  # fmt: skip
    assert said == {
        "instalments": [
            {
                "no": 1, "from": "2025-01-20", "due": "2025-02-20", "principal": "1000000.00",
                "interest": "3315.28", "total": "1003315.28", "outstanding": "0.00",
            }
        ],
        "totals": {
            "principal": "1000000.00", "interest": "3315.28", "fees": "0.00", "total": "1003315.28",
        },
        "apr": said["apr"], "effective_rate": "0.039739",
    }  # fmt: skip
    assert "0.038" < said["apr"] < said["effective_rate"]


def test_the_quote_of_the_issue(capsys) -> None:
    """Six level payments at 15.678 % on ACT/365, 182 days: the first month's 31 cost 1.33."""
    said = quote(capsys)
    assert column(said, "interest")[0] == "1.33"
    assert len(set(column(said, "total"))) <= 2
    assert said["totals"]["principal"] == "100.00"


@pytest.mark.parametrize("text", ["4.35", "4.35%", " 4.35 % "])
def test_a_rate_is_percent_a_year_always(capsys, text) -> None:
    """100,000 x 4.35 % x 31 / 365 = 369.45; a bare 0.0435 is 0.0435 %."""
    assert column(quote(capsys, principal="100000", annual_rate=text), "interest")[0] == "369.45"
    little = quote(capsys, principal="100000", annual_rate="0.0435")
    assert column(little, "interest")[0] == "3.69"


def test_every_option_of_a_quote_is_heard(capsys) -> None:
    whole = {"principal": "60000.00", "annual_rate": "6", "day_count": "act/360"}
    plain = quote(capsys, **whole)
    assert column(plain, "due")[:2] == ["2024-02-01", "2024-03-01"]

    assert column(quote(capsys, **whole, first_due="2024-01-20"), "due")[0] == "2024-01-20"
    assert column(quote(capsys, **whole, due_day="15"), "due")[:2] == ["2024-02-15", "2024-03-15"]
    settled = quote(capsys, **whole, settlement_day="20")
    assert column(settled, "due") == [
        *(f"2024-0{month}-20" for month in range(2, 7)), "2024-07-01",
    ]  # fmt: skip
    assert column(quote(capsys, **whole, every="2w"), "due")[0] == "2024-01-15"
    assert column(quote(capsys, **whole, every="3m"), "due")[-1] == "2025-07-01"
    assert column(quote(capsys, **whole, grace="2"), "principal")[:2] == ["0.00", "0.00"]
    late = quote(capsys, **whole, grace="principal=1,interest=2,days=5")
    assert column(late, "interest")[:2] == ["0.00", "0.00"]
    rolled = quote(capsys, **whole, holiday_roll="following", due_day="1")
    assert column(rolled, "due")[4:] == ["2024-06-03", "2024-07-01"]  # 1 June 2024 is a Saturday
    stays = quote(capsys, "--interest-stays", **whole, holiday_roll="following", due_day="1")
    assert column(stays, "from")[5] == "2024-06-01"
    before = quote(capsys, **whole, holiday_roll="preceding", due_day="1")
    assert column(before, "due")[4] == "2024-05-31"
    modified = quote(capsys, **whole, holiday_roll="modified-following", due_day="31")
    assert column(modified, "due")[1] == "2024-03-29"  # the 31st is a Sunday, Monday is in April
    month_end = quote(capsys, **whole, due_day="31", month_end="first-of-next-month")
    assert column(month_end, "due")[0] == "2024-03-01"
    assert column(quote(capsys, **whole, multiple="100"), "total")[0] == "10200.00"
    up = quote(capsys, **whole, multiple="100", multiple_rounding="up")
    assert column(up, "total")[0] == "10200.00"
    for kind in ("with-first", "spread"):
        broken = quote(capsys, **whole, first_due="2024-02-15", broken_period=kind)
        assert broken["totals"]["interest"] != plain["totals"]["interest"]
    begun = quote(capsys, **whole, start="2024-01-11", period_start="2024-01-01")
    assert column(begun, "interest")[0] == "210.00"  # 21 of 31 days x 60,000 x 6 % / 360
    assert len(quote(capsys, "--no-smooth", **whole)["instalments"]) == 6
    formula = quote(capsys, **whole, level_by="nominal")
    assert column(formula, "total")[0] != column(plain, "total")[0]
    fixed = quote(capsys, **whole, fixed_amount="20000", without=("--instalments",))
    assert column(fixed, "total")[:2] == ["20000.00", "20000.00"]
    agreed = quote(
        capsys, "--agreed", "2024-03-01=10000", "--agreed", "2024-05-01=50000",
        without=("--instalments",), **whole,
    )  # fmt: skip
    assert column(agreed, "principal") == ["10000.00", "50000.00"]
    even = quote(capsys, principal="0.30", annual_rate="60", rounding="half-even",
                 method="interest-only", day_count="30/360")  # fmt: skip
    assert column(even, "interest")[0] == "0.02"  # 0.015 to the even cent
    costly = quote(capsys, **whole, fees="600")
    assert costly["totals"]["fees"] == "600.00"
    assert costly["effective_rate"] > plain["effective_rate"]
    for method in ("equal-principal", "interest-only", "single-repayment", "revolving", "flat"):
        assert quote(capsys, **whole, method=method)["totals"]["principal"] == "60000.00"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("--annual-rate", "cheap"), "'cheap' is not a rate"),
        (("--annual-rate", "nan"), "'nan' is not a rate"),
        (("--annual-rate=-1%",), "-0.01"),
        (("--annual-rate", "3.1234567"), "six places"),
        (("--principal", "0"), "principal must be positive"),
        (("--principal", "12.345"), "'12.345' is not an amount"),
        (("--instalments", "six"), "'six' is not a whole number"),
        (("--instalments", "0"), "1 to 1200"),
        (("--method", "best"), "choose one of equal-instalment"),
        (("--day-count", "act/300"), "one of act/360"),
        (("--rounding", "up"), "half-up, half-even"),
        (("--every", "2q"), "such as 1m"),
        (("--start", "1.1.2024"), "YYYY-MM-DD"),
        (("--first-due", "2023-12-01"), "comes after the drawdown on 2024-01-01"),
        (("--settlement-day", "32"), "1 to 31"),
        (("--settlement-day", "20", "--due-day", "5"), "not both"),
        (("--every", "2w", "--due-day", "5"), "instalments by months"),
        (("--grace", "x=1"), "principal=3, interest=2, days=5"),
        (("--grace", "6"), "0 to 5"),
        (("--holiday-roll", "later"), "modified-following"),
        (("--month-end", "never"), "last-day"),
        (("--broken-period", "maybe"), "with-first"),
        (("--multiple", "0"), "positive amount"),
        (("--multiple", "x"), "'x' is not an amount"),
        (("--fixed-amount", "1"), "never repays"),
        (("--agreed", "2024-02-01"), "is not an amount"),
        (("--agreed", "2024-02-01=200", "--agreed", "2024-03-01=1"), "2 instalments are agreed"),
        (
            ("--instalments", "2", "--agreed", "2024-02-01=200", "--agreed", "2024-03-01=1"),
            "asks 200.00",
        ),
        (("--fees", "100"), "no annualised rate"),
        (("--fees", "-1"), "fees are 0 or more, not -1.00"),
        (("--every", "10y", "--instalments", "1000"), "beyond the year 9999"),
    ],
)
def test_terms_that_make_no_loan_are_one_line_and_exit_code_two(capsys, wrong, named) -> None:
    flat = [part for pair in GIVEN.items() for part in pair]
    code, out, err = run(capsys, "quote", *flat, *wrong)
    assert (code, out) == (2, "")
    assert named in err
    assert err.count("\n") == 1


def test_a_quote_cuts_no_figure_and_starts_no_database() -> None:
    program = (
        "import sys; from kuaidai.interfaces.cli import main\n"
        "try: main.run(sys.argv[1:])\n"
        "finally: assert 'django' not in sys.modules"
    )
    arguments = [
        "loan", "quote", "--principal", "2999999.99", "--annual-rate", "3.85", "--start",
        "2025-01-20", "--instalments", "12",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, check=True, env={"COLUMNS": "40", "PATH": ""},
    )  # fmt: skip
    assert "…" not in done.stdout
    assert "2,754,650.03" in done.stdout  # left after the first instalment
    assert done.stderr == ""


def test_a_replay_tells_schedule_allocations_arrears_days_past_due_and_accrued(replayed) -> None:
    """Ten days late: 4,000 and 37.20 x 3.6 % x 1.5 x 10 / 360 = 6.00 and 0.06; 8,000 accrue 8.00."""
    code, said, _ = replayed([{"type": "payment", "date": "2026-03-02", "amount": "50.00"}])
    assert code == 0
    assert said["arrears"] == {
        "days_past_due": 10, "principal": "3993.26", "interest": "0.00", "penalty": "0.00",
        "compound": "0.00", "fees": "0.00", "total": "3993.26",
    }  # fmt: skip
    [part] = said["allocations"]
    assert {name: part[name] for name in ("compound", "penalty", "interest", "principal")} == {
        "compound": "0.06", "penalty": "6.00", "interest": "37.20", "principal": "6.74",
    }  # fmt: skip
    assert (said["accrued"], said["outstanding"], said["payoff"]) == (
        "8.00", "11993.26", "12001.26",
    )  # fmt: skip
    assert said["totals"]["interest_accrued"] == "45.20"
    first = said["schedule"][0]
    assert (first["due"], first["total"], first["paid"]) == ("2026-02-20", "4043.26", "50.00")
    assert said["days_past_due"] == 10


def test_a_replay_for_people_says_the_same(capsys, tmp_path) -> None:
    path = tmp_path / "life.json"
    path.write_text(json.dumps({"terms": LOAN}), encoding="utf-8")
    code, out, _ = run(capsys, "replay", str(path), "--on", "2026-03-02")
    assert code == 0
    assert "days past due 10" in out
    assert "due 4,043.26" in out


AGREED = {
    "principal": "100.00", "annual_rate": "6", "start": "2026-01-20",
    "agreed": [{"due": "2026-06-15", "principal": "100.00"}],
}  # fmt: skip
EVENT = {"type": "payment", "date": "2026-03-02", "amount": "1.00"}


@pytest.mark.parametrize(
    ("events", "named"),
    [
        ("none", "list"),
        (["payment"], 'event 1 has no "type"'),
        ([{"date": "2026-03-02", "amount": "1"}], 'event 1 has no "type"'),
        ([EVENT | {"type": "gift"}], "'gift'"),
        ([EVENT | {"amount": 1.5}], None),  # read as text, so exact
        ([EVENT | {"amount": "-1"}], "positive"),
        ([EVENT | {"amount": None}], "incomplete: it lacks amount"),
        ([EVENT | {"date": "soon"}], "'soon' is not a date"),
        ([{"type": "payment", "amount": "1"}], "has no date"),
        ([{"type": "payment", "date": "2026-03-02"}], "incomplete"),
        ([EVENT | {"colour": "red"}], "colour"),
        ([EVENT | {"shorten": "no"}], "true or false"),
        ([EVENT | {"excess": "keep"}], "next-instalment"),
        ([EVENT | {"date": "2026-01-01"}], "before the drawdown"),
        ([EVENT | {"key": "a"}, EVENT | {"key": "a"}], "two events have the key a"),
        ([{"type": "reversal", "date": "2026-03-02", "reverses": "x"}], "which is no event"),
        ([{"type": "reversal", "key": "r", "date": "2026-03-02", "reverses": "r"}], "itself"),
        ([{"type": "waiver", "date": "2026-03-02", "bucket": "gold", "amount": "1"}], "bucket"),
        ([{"type": "waiver", "date": "2026-03-02", "bucket": "fee", "amount": "1"}], "is owed"),
        ([{"type": "rate_change", "date": "2026-03-02", "annual_rate": "nan"}], "not a rate"),
        ([{"type": "extension", "date": "2026-03-02", "due_dates": []}], "due date"),
        ([{"type": "extension", "date": "2026-03-02", "due_dates": ["2026-03-01"]}], "after"),
        ([{"type": "extension", "date": "2026-03-02", "due_dates": "2026-04-01"}], "are a list"),
        ([{"type": "restructuring", "date": "2026-03-02"}], "it lacks due_dates"),
    ],
)
def test_a_life_that_cannot_be_is_one_line_and_exit_code_two(replayed, events, named) -> None:
    code, said, err = replayed(events)
    if named is None:
        assert code == 0, err
        return
    assert (code, said) == (2, None)
    assert named in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "on", "named"),
    [
        (None, "2026-03-02", "No such file"),
        ("{", "2026-03-02", "tells no loan's life"),
        ("[]", "2026-03-02", '"terms"'),
        ("[" * 100_000, "2026-03-02", "tells no loan's life"),
        ('{"terms": {}, "more": 1}', "2026-03-02", "more"),
        ('{"terms": {}}', "2026-03-02", "lack principal"),
        (json.dumps({"terms": LOAN | {"penalty_multiplier": "much"}}), "2026-03-02", "multiplier"),
        (json.dumps({"terms": LOAN | {"penalty_multiplier": "-1"}}), "2026-03-02", "multiplier"),
        (json.dumps({"terms": LOAN | {"colour": "red"}}), "2026-03-02", "colour"),
        (json.dumps({"terms": LOAN | {"due_order": ["gold"]}}), "2026-03-02", "bucket"),
        (json.dumps({"terms": LOAN | {"due_order": "interest"}}), "2026-03-02", "list of buckets"),
        (json.dumps({"terms": LOAN | {"repricing": {"when": "monthly"}}}), "2026-03-02", "january"),
        (json.dumps({"terms": LOAN | {"method": "balloon"}}), "2026-03-02", "interest-only"),
        (json.dumps({"terms": AGREED | {"agreed": "monthly"}}), "2026-03-02", "are a list"),
        (json.dumps({"terms": AGREED | {"agreed": [{"total": "1"}]}}), "2026-03-02", '"due"'),
        (
            json.dumps({"terms": AGREED | {"instalments": 5}}),
            "2026-03-02",
            "1 instalments are agreed",
        ),
        (json.dumps({"terms": LOAN}), "2026-01-01", "before the drawdown"),
        (json.dumps({"terms": LOAN}), "yesterday", "'yesterday' is not a date"),
    ],
)
def test_a_file_that_tells_no_life_is_one_line(capsys, tmp_path, content, on, named) -> None:
    path = tmp_path / "life.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    code, out, err = run(capsys, "replay", str(path), "--on", on)
    assert (code, out) == (2, "")
    assert named in err
    assert err.count("\n") == 1


def test_the_benchmark_of_schedules_reports_what_it_built(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main.run(("bench", "schedule", "--count", "20", "--json"))
    assert not stopped.value.code
    said = json.loads(capsys.readouterr().out)
    assert (said["schedules"], said["rows"]) == (20, 240)
    assert said["per_second"] > 0
