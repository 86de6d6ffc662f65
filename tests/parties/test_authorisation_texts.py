"""The texts an owner reads before authorising: every clause the law asks for, in both languages."""

import pytest

from kuaidai.parties.domain.authorisations import (
    AuthorisationKind,
    authorisation_text,
    authorisation_title,
    text_hash,
)

CLAUSES = {
    "zh-hans": [
        "授权人：",
        "被授权人：",
        "授权内容：",
        "使用目的：",
        "授权期限：",
        "影响告知：",
        "您的权利：",
        "撤回",
        "人工复核",
    ],
    "en": [
        "Authoriser:",
        "Authorised:",
        "What is authorised:",
        "Purposes:",
        "Period:",
        "Consequences:",
        "Your rights:",
    ],
}


def text(kind: AuthorisationKind, language: str, firm: str = "示范商贸有限公司") -> str:
    return authorisation_text(
        kind, language, lender="示范银行", enterprise_name=firm, person_name="示例"
    )


@pytest.mark.parametrize("kind", AuthorisationKind)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_text_says_who_whom_what_why_how_long_and_which_rights(kind, language):
    shown = text(kind, language)

    for clause in CLAUSES[language]:
        assert clause in shown
    for party in ("示范银行", "示范商贸有限公司", "示例"):
        assert party in shown


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_purposes_name_what_later_reuse_needs(language):
    wanted = {"zh-hans": ("贷后管理", "续贷"), "en": ("monitor the loan", "renewal")}[language]

    for kind in AuthorisationKind:
        assert all(word in text(kind, language) for word in wanted)


def test_kinds_are_told_apart_in_both_languages():
    for language in ("zh-hans", "en"):
        assert len({text(kind, language) for kind in AuthorisationKind}) == len(AuthorisationKind)
        assert len({authorisation_title(kind, language) for kind in AuthorisationKind}) == len(
            AuthorisationKind
        )


def test_fingerprint_changes_with_a_single_character():
    first = text(AuthorisationKind.TAX, "en")

    assert text_hash(first) == text_hash(first)
    assert text_hash(first) != text_hash(first + " ")
    assert text_hash(first) != text_hash(text(AuthorisationKind.TAX, "en", firm="示范商贸公司"))
