"""Refusals keep their values wherever they go."""

import pickle

from kuaidai.risk.scorecards.errors import BadSetting


def test_a_refusal_travels_between_processes():
    refusal = BadSetting(name="memory", value="much", rule="a size")

    again = pickle.loads(pickle.dumps(refusal))

    assert type(again) is BadSetting
    assert again.values == refusal.values
    assert again.text("zh") == refusal.text("zh")
    assert str(again) == str(refusal)
