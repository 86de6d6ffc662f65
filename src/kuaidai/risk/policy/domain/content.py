"""A policy document: a JDM decision graph whose tables and expressions hold every threshold.

The document is what the GoRules editor reads and writes; nothing of the policy stands outside it. Its
nodes, by the place their results take: `policy` (name, version, titles), `thresholds` and `derived`
(handed on to the tables), `hits.<table>` (admission rules), `grade_terms`, `tax_multiple`, `lpr`,
`limit` and `price` (parameters).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import zen

from kuaidai.kernel.canonical import sha256_hex
from kuaidai.risk.policy.errors import BadPolicy, UnknownVersion

_PARTS = ("policy", "thresholds", "derived", "grade_terms", "tax_multiple", "lpr", "limit", "price")
_ADDED = frozenset({"score", "grade", "decided_on", "missing_sources"})
_NAME = re.compile(r"(?<![\w.'])[a-z_][a-z_0-9]*(?![\w(.'])")
_WORDS = frozenset({"and", "or", "not", "in", "null", "true", "false"})


@dataclass(frozen=True)
class PolicyContent:
    """A policy as it was submitted: the text is the truth, everything else is read from it."""

    text: str
    name: str
    version: int
    title_en: str
    title_zh: str

    @classmethod
    def from_json(cls, text: str, *, source: str = "The text") -> PolicyContent:
        """Read a policy document; raises `BadPolicy` if it is not a graph with all its parts."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadPolicy(source=source, why=f"it is not JSON ({error})") from error
        try:
            nodes = {node["content"]["outputPath"]: node for node in _working(document)}
            _compiled(text).validate()
        except KeyError as error:
            raise BadPolicy(source=source, why=f"a node lacks {error}") from error
        except (TypeError, ValueError) as error:
            raise BadPolicy(source=source, why="it is not a decision graph") from error
        except RuntimeError as error:
            why = str(error).splitlines()[0]
            raise BadPolicy(source=source, why=f"the engine refuses it ({why})") from error
        absent = [part for part in _PARTS if part not in nodes]
        if absent or not any(path.startswith("hits.") for path in nodes):
            raise BadPolicy(source=source, why=f"no node gives {', '.join(absent) or 'hits'}")
        try:
            expressions = nodes["policy"]["content"]["expressions"]
            own = {row["key"]: json.loads(row["value"]) for row in expressions}
            return cls(text, own["name"], int(own["version"]), own["title_en"], own["title_zh"])
        except KeyError as error:
            raise BadPolicy(source=source, why=f"node policy lacks {error}") from error
        except (TypeError, ValueError) as error:
            raise BadPolicy(source=source, why=f"node policy cannot be read ({error})") from error

    @property
    def label(self) -> str:
        """`name/version`, as decisions cite it."""
        return f"{self.name}/{self.version}"

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the text."""
        return sha256_hex(self.text.encode())

    @cached_property
    def facts_read(self) -> frozenset[str]:
        """Names of the features that tables and derived facts look at."""
        found: set[str] = set()
        for node in _working(json.loads(self.text)):
            content = node["content"]
            for column in content.get("inputs", ()):
                found |= _names(column["field"])
            if content["outputPath"] == "derived":
                for expression in content["expressions"]:
                    found |= _names(expression["value"])
        return frozenset(found - _ADDED)

    def lpr_fixings(self, tenor: str) -> dict[date, Decimal]:
        """The loan prime rate (a fraction) of a tenor by the day of its publication.

        `tenor` is a column of the table: `one_year`, or `five_years` where a bank has added it. Empty
        where there is no such column; cells left empty are left out.
        """
        [table] = [
            node["content"]
            for node in _working(json.loads(self.text))
            if node["content"]["outputPath"] == "lpr"
        ]
        column = {output["field"]: output["id"] for output in table["outputs"]}
        if tenor not in column:
            return {}
        return {
            date.fromisoformat(json.loads(rule[column["published_on"]])): Decimal(told)
            for rule in table["rules"]
            if (told := rule.get(column[tenor]))
        }

    def evaluate(self, context: dict[str, Any]) -> dict[str, Any]:
        """The results of every node over `context` (plain JSON values)."""
        answer = _compiled(self.text).evaluate(json.dumps(context, ensure_ascii=False))
        result: dict[str, Any] = answer["result"]
        return result


def _working(document: dict[str, Any]) -> list[dict[str, Any]]:
    ends = ("inputNode", "outputNode")
    return [node for node in document["nodes"] if node["type"] not in ends]


def _names(expression: str) -> set[str]:
    whole = re.sub(r"\b(derived|thresholds)\.\w+", "", expression)
    return set(_NAME.findall(whole)) - _WORDS


@lru_cache(maxsize=32)
def _compiled(text: str) -> Any:
    return zen.ZenEngine().create_decision(text)


def library_policy(name: str, version: int = 1) -> PolicyContent:
    """A policy that ships with the package; raises `UnknownVersion`."""
    entry = files("kuaidai.risk.policy") / "library" / f"{name}-{version}.json"
    if not entry.is_file():
        raise UnknownVersion(kind="policy", value=f"{name}/{version}")
    return PolicyContent.from_json(entry.read_text(encoding="utf-8"), source=entry.name)
