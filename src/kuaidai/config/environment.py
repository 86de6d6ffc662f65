"""Settings from the environment, with safe defaults. `docs/settings.md` lists them."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEMO_PLATFORM_KEY = "demo-platform-key"
_ENGINES = ("duckdb", "spark")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
MOST_WORKERS = 64
_USUAL_WORKERS = 8
"""More processes than this a night gets only if asked: the database has as much work as they."""


class WrongSetting(ValueError):
    """An environment variable has a value the platform cannot use."""


@dataclass(frozen=True)
class Environment:
    """Every setting of the platform, typed."""

    home: Path
    lake: str
    engine: str
    database_url: str | None
    secret_key: str
    field_key: bytes
    debug: bool
    demo: bool
    https: bool
    allowed_hosts: tuple[str, ...]
    platform_url: str
    platform_key: str
    lender_name: str
    currency: str
    real_data: Path | None
    monitoring: Path | None
    night_workers: int
    core_wait_s: int

    @property
    def quality_folder(self) -> Path:
        """Where `kuaidai lake quality` keeps the profiles that the console shows."""
        return self.home / "quality"


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name, "").strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise WrongSetting(f"{name}={text!r} is neither true nor false; write 1 or 0")


def _kept_secret(home: Path, name: str) -> bytes:
    """The 32 bytes in `home/secrets/name`, made on first use and readable by the owner only."""
    path = home / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(base64.b64encode(secrets.token_bytes(32)))
        try:
            os.link(draft, path)  # the first process wins, the others read its key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return base64.b64decode(path.read_bytes())


def _field_key(values: Mapping[str, str], home: Path) -> bytes:
    text = values.get("KUAIDAI_FIELD_KEY")
    if not text:
        return _kept_secret(home, "field.key")
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise WrongSetting("KUAIDAI_FIELD_KEY must be 32 bytes in base64 (openssl rand -base64 32)")
    return key


def _database_url(values: Mapping[str, str]) -> str | None:
    url = values.get("DATABASE_URL", "").strip()
    if url and not url.startswith(("postgres://", "postgresql://")):
        scheme = url.split(":", 1)[0]
        raise WrongSetting(
            f"DATABASE_URL names a {scheme!r} database; only PostgreSQL 15 or later is supported: "
            "postgresql://user:password@host:5432/name, or unset it to use the embedded server"
        )
    return url or None


def _platform(values: Mapping[str, str]) -> tuple[str, str]:
    url = values.get("KUAIDAI_PLATFORM_URL", "http://127.0.0.1:8100").rstrip("/")
    key = values.get("KUAIDAI_PLATFORM_KEY", "")
    local = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
    if not key and not local:
        raise WrongSetting(f"KUAIDAI_PLATFORM_KEY must be set when KUAIDAI_PLATFORM_URL is {url}")
    return url, key or DEMO_PLATFORM_KEY


def _lake(values: Mapping[str, str], home: Path) -> str:
    place = values.get("KUAIDAI_LAKE", "").strip()
    if not place:
        return str(home / "lake")
    return place if "://" in place else str(Path(place).resolve())


def _engine(values: Mapping[str, str]) -> str:
    name = values.get("KUAIDAI_ENGINE", "").strip().lower() or "duckdb"
    if name not in _ENGINES:
        raise WrongSetting(f"KUAIDAI_ENGINE={name!r} is no engine; write {' or '.join(_ENGINES)}")
    return name


def _number(values: Mapping[str, str], name: str, *, usual: int, least: int, most: int) -> int:
    text = values.get(name, "").strip()
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise WrongSetting(f"{name}={text!r} is no whole number from {least} to {most}")
    return int(text)


def _night_workers(values: Mapping[str, str]) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    usual = min(cores or 1, _USUAL_WORKERS)
    return _number(values, "KUAIDAI_NIGHT_WORKERS", usual=usual, least=1, most=MOST_WORKERS)


def load(values: Mapping[str, str] | None = None) -> Environment:
    """The settings in `values` (default: the process's environment); raises `WrongSetting`."""
    values = os.environ if values is None else values
    home = Path(values.get("KUAIDAI_HOME", "var")).resolve()
    platform_url, platform_key = _platform(values)
    secret = values.get("KUAIDAI_SECRET_KEY")
    real_data, monitoring = values.get("KUAIDAI_REAL_DATA"), values.get("KUAIDAI_MONITORING")
    return Environment(
        home=home,
        lake=_lake(values, home),
        engine=_engine(values),
        database_url=_database_url(values),
        secret_key=secret or _kept_secret(home, "session.key").hex(),
        field_key=_field_key(values, home),
        debug=_flag(values, "KUAIDAI_DEBUG"),
        demo=_flag(values, "KUAIDAI_DEMO"),
        https=_flag(values, "KUAIDAI_HTTPS"),
        allowed_hosts=tuple(
            host.strip()
            for host in values.get("KUAIDAI_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
            if host.strip()
        ),
        platform_url=platform_url,
        platform_key=platform_key,
        lender_name=values.get("KUAIDAI_LENDER_NAME", "快贷示范银行 (kuaidai demonstration bank)"),
        currency=values.get("KUAIDAI_CURRENCY", "CNY"),
        real_data=Path(real_data) if real_data else None,
        monitoring=Path(monitoring) if monitoring else None,
        night_workers=_night_workers(values),
        core_wait_s=_number(values, "KUAIDAI_CORE_WAIT_S", usual=300, least=0, most=86_400),
    )
