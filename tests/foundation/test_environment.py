"""Settings from the environment: safe defaults, and a clear word about wrong values."""

import base64
import stat

import pytest

from kuaidai.config.environment import DEMO_PLATFORM_KEY, WrongSetting, load


def test_defaults_are_safe(tmp_path):
    settings = load({"KUAIDAI_HOME": str(tmp_path)})

    assert settings.database_url is None
    assert not settings.debug
    assert not settings.https
    assert settings.allowed_hosts == ("127.0.0.1", "localhost", "[::1]")
    assert settings.platform_url == "http://127.0.0.1:8100"
    assert settings.platform_key == DEMO_PLATFORM_KEY
    assert settings.currency == "CNY"


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path):
    first = load({"KUAIDAI_HOME": str(tmp_path)})
    second = load({"KUAIDAI_HOME": str(tmp_path)})

    assert len(first.field_key) == 32
    assert first.field_key == second.field_key
    assert first.secret_key == second.secret_key
    assert stat.S_IMODE((tmp_path / "secrets" / "field.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_given_field_key_is_used(tmp_path):
    key = bytes(range(32))

    settings = load(
        {"KUAIDAI_HOME": str(tmp_path), "KUAIDAI_FIELD_KEY": base64.b64encode(key).decode()}
    )

    assert settings.field_key == key
    assert not (tmp_path / "secrets" / "field.key").exists()


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("KUAIDAI_DEBUG", "maybe", "KUAIDAI_DEBUG='maybe'"),
        ("KUAIDAI_HTTPS", "2", "KUAIDAI_HTTPS='2'"),
        ("KUAIDAI_FIELD_KEY", "c2hvcnQ=", "32 bytes in base64"),
        ("KUAIDAI_FIELD_KEY", "not base64!", "32 bytes in base64"),
        ("KUAIDAI_PLATFORM_URL", "https://platforms.example", "KUAIDAI_PLATFORM_KEY must be set"),
        ("DATABASE_URL", "mysql://u:p@h/d", "'mysql' database; only PostgreSQL"),
        ("KUAIDAI_NIGHT_WORKERS", "0", "'0' is no whole number from 1 to 64"),
        ("KUAIDAI_CORE_WAIT_S", "1.5", "'1.5' is no whole number from 0 to 86400"),
        ("KUAIDAI_NIGHT_WORKERS", "many", "KUAIDAI_NIGHT_WORKERS='many'"),
    ],
)
def test_wrong_values_are_named(tmp_path, name, value, named):
    with pytest.raises(WrongSetting) as wrong:
        load({"KUAIDAI_HOME": str(tmp_path), name: value})

    assert named in str(wrong.value)


def test_passwords_in_a_refused_address_are_not_repeated(tmp_path):
    with pytest.raises(WrongSetting) as wrong:
        load({"KUAIDAI_HOME": str(tmp_path), "DATABASE_URL": "mysql://u:tiger@h/d"})

    assert "tiger" not in str(wrong.value)


@pytest.mark.parametrize(
    ("given", "found"),
    [("s3://bank/lake", "s3://bank/lake"), ("/data/lake", "/data/lake"), ("", None)],
)
def test_the_lake_is_a_folder_or_a_url(tmp_path, given, found):
    settings = load({"KUAIDAI_HOME": str(tmp_path), "KUAIDAI_LAKE": given})

    assert settings.lake == (found or str(tmp_path / "lake"))


def test_an_unknown_engine_is_refused(tmp_path):
    assert load({"KUAIDAI_HOME": str(tmp_path)}).engine == "duckdb"
    assert load({"KUAIDAI_HOME": str(tmp_path), "KUAIDAI_ENGINE": "Spark"}).engine == "spark"
    with pytest.raises(WrongSetting, match=r"KUAIDAI_ENGINE='polars'.*duckdb or spark"):
        load({"KUAIDAI_HOME": str(tmp_path), "KUAIDAI_ENGINE": "polars"})


def test_a_night_has_a_process_a_core_unless_told(tmp_path):
    assert 1 <= load({"KUAIDAI_HOME": str(tmp_path)}).night_workers <= 8
    told = {"KUAIDAI_HOME": str(tmp_path), "KUAIDAI_NIGHT_WORKERS": "12"}
    assert load(told).night_workers == 12
