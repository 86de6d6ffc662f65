"""Sign-in by phone and one-time code."""

import pytest
from django.contrib.sessions.models import Session
from tests.support.bank import player

pytestmark = pytest.mark.django_db


def ask(client, phone):
    return client.post("/login/", {"phone": phone})


def test_the_right_code_opens_the_page_that_was_wanted(bank, bank_drop, platforms, client):
    owner = player(bank_drop, "approved")
    wanted = client.get("/profile/")
    assert wanted.headers["Location"] == "/login/?next=/profile/"
    client.post(wanted.headers["Location"], {"phone": owner.phone})
    done = client.post("/login/code/", {"code": platforms.code_for(owner.phone)})
    assert done.headers["Location"] == "/profile/"
    page = client.get("/profile/").content.decode()
    assert owner.person_no in page
    assert owner.phone not in page
    assert f"{owner.phone[:3]}****{owner.phone[-4:]}" in page


def test_foreign_addresses_are_no_target(bank, bank_drop, platforms, client):
    owner = player(bank_drop, "approved")
    client.post("/login/?next=https://example.org/", {"phone": owner.phone})
    done = client.post("/login/code/", {"code": platforms.code_for(owner.phone)})
    assert done.headers["Location"] == "/"


def test_a_mistyped_number_is_named(db, client):
    page = ask(client, "1380013800")
    assert "&#x27;1380013800&#x27; 不是有效的手机号" in page.content.decode()


def test_a_wrong_code_is_counted(bank, bank_drop, platforms, client):
    owner = player(bank_drop, "approved")
    ask(client, owner.phone)
    wrong = "000000" if platforms.code_for(owner.phone) != "000000" else "111111"
    page = client.post("/login/code/", {"code": wrong}).content.decode()
    assert f"验证码 {wrong} 不正确，还可尝试 4 次" in page
    assert "_auth_user_id" not in client.session


def test_a_stranger_cannot_tell_whether_a_number_is_known(bank, client):
    assert ask(client, "13700000000").headers["Location"] == "/login/code/"
    page = client.post("/login/code/", {"code": "123456"}).content.decode()
    assert "验证码 123456 已过期或已使用" in page


def test_the_session_holds_no_phone_number_in_clear(bank, bank_drop, platforms, client):
    owner = player(bank_drop, "approved")
    ask(client, owner.phone)
    stored = Session.objects.get(session_key=client.session.session_key)
    assert owner.phone not in str(stored.get_decoded())


def test_signing_out_ends_the_session(bank, bank_drop, platforms, client):
    owner = player(bank_drop, "approved")
    ask(client, owner.phone)
    client.post("/login/code/", {"code": platforms.code_for(owner.phone)})
    client.post("/logout/")
    assert client.get("/").headers["Location"].startswith("/login/")


def test_the_language_switch_turns_the_page(db, client):
    assert "获取验证码" in client.get("/login/").content.decode()
    client.post("/i18n/setlang/", {"language": "en", "next": "/login/"})
    page = client.get("/login/").content.decode()
    assert "Send the code" in page
    assert '<html lang="en">' in page


def test_pages_load_no_inline_script(db, client):
    page = client.get("/login/")
    assert "<script>" not in page.content.decode()
    assert " onclick" not in page.content.decode()
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
