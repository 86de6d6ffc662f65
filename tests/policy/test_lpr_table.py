"""The policy's table of loan prime rates agrees with the published fixings."""

import csv
import json
from decimal import Decimal
from importlib.resources import files


def _policy_fixings() -> dict[str, Decimal]:
    """Publication date → one-year rate, as the decision table holds them."""
    text = (files("kuaidai.risk.policy") / "library" / "credit-quick-loan-1.json").read_text(
        "utf-8"
    )
    found = {}
    for node in json.loads(text)["nodes"]:
        for rule in node.get("content", {}).get("rules", []) if "content" in node else []:
            if "lpr-published_on" in rule:
                found[json.loads(rule["lpr-published_on"])] = Decimal(rule["lpr-one_year"])
    return found


def test_every_change_of_the_one_year_rate_is_in_the_table(real_data) -> None:
    with (real_data / "cn_reference" / "lpr_history.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    changes, before = {}, None
    for row in rows:
        if row["lpr_1y_pct"] != before:
            changes[row["publish_date"]] = Decimal(row["lpr_1y_pct"]) / 100
        before = row["lpr_1y_pct"]

    table = _policy_fixings()

    assert table
    first = min(table)
    assert table == {on: rate for on, rate in changes.items() if on >= first}
