"""A newcomer's second step: from the one-time code to an early repayment, in a real browser."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from tests.support.bank import player

from kuaidai.lending.ledger.queries import trial_balance
from kuaidai.lending.origination import queries as origination
from kuaidai.lending.servicing import queries as servicing

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FAULTS_OF_A_PAGE = """() => {
  const root = document.documentElement, faults = [];
  if (root.scrollWidth > root.clientWidth) faults.push("wider than the screen");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  faults.push(...ids.filter((id, n) => ids.indexOf(id) !== n).map(id => "id twice: " + id));
  for (const control of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!control.labels.length && !control.ariaLabel) faults.push("no label: " + control.outerHTML);
  for (const control of document.querySelectorAll("main .button, main button, nav a")) {
    const box = control.getBoundingClientRect();
    if (box.height && box.height < 24) faults.push("small target: " + control.innerText);
  }
  for (const image of document.querySelectorAll("img:not([alt])")) faults.push("no alt: " + image.src);
  return faults;
}"""


class Owner:
    """An owner with a phone in hand."""

    def __init__(self, page: Page, base: str, platforms, customer) -> None:
        self.page, self.base, self.platforms, self.customer = page, base, platforms, customer

    def press(self, name: str) -> None:
        """Press the button or link of that name."""
        pattern = re.compile(name)
        button = self.page.locator("main").get_by_role("button", name=pattern)
        link = self.page.locator("main").get_by_role("link", name=pattern)
        expect(button.or_(link).first).to_be_visible()  # the page may still be on its way
        (button if button.count() else link).first.click()

    def see(self, text: str) -> None:
        """Wait until the text is on the page."""
        expect(self.page.locator("main")).to_contain_text(text)

    def fits(self) -> None:
        """The page fits the screen, has one heading, and every control has a name and its own id."""
        assert self.page.evaluate(FAULTS_OF_A_PAGE) == [], self.page.url

    def figure(self, name: str) -> str:
        """A figure the page shows."""
        return self.page.locator(f"[data-figure={name}]").first.inner_text().replace("\u00a0", " ")

    def code(self) -> str:
        """The newest code on the phone."""
        return self.platforms.code_for(self.customer.phone)

    def sign_in(self) -> None:
        """By phone number and one-time code."""
        self.page.goto(f"{self.base}/login/")
        self.page.get_by_label("手机号").fill(self.customer.phone)
        self.press("获取验证码")
        self.see("输入验证码")
        self.page.get_by_label("验证码").fill(self.code())
        self.press("登录")
        self.see("我的企业")

    def authorise(self) -> None:
        """Read and give every authorisation, one by one."""
        self.press("阅读其余")
        consent = self.page.get_by_role("checkbox")
        onward = self.page.locator("main").get_by_role("button", name="下一步")
        expect(consent.or_(onward).first).to_be_visible()
        while consent.count():
            text = self.page.url
            consent.check()
            self.press("同意并授权")
            expect(self.page).not_to_have_url(text)
            expect(consent.or_(onward).first).to_be_visible()
        onward.click()

    def apply(self, amount: str) -> None:
        """Choose the firm, give the authorisations, ask, check, submit."""
        self.page.goto(f"{self.base}/apply/")
        assert self.customer.uscc in self.page.locator("main").inner_text()
        self.press("下一步")
        self.authorise()
        self.see("您的借款需求")
        self.fits()
        self.page.get_by_label("借款金额").first.fill(amount)
        self.page.get_by_label("12 个月").check()
        self.page.get_by_label("采购原材料及货物").check()
        self.press("下一步")
        self.see("核对申请信息")
        self.press("提交申请")


@pytest.fixture
def owner_page(live_server, worker, platforms, bank_drop, open_page):
    """Makes owners of the cast at a page of their own."""

    def make(role: str, **options) -> Owner:
        return Owner(open_page(**options), live_server.url, platforms, player(bank_drop, role))

    return make


def choose_terms(owner: Owner, amount: str) -> None:
    """Terms under the offer; the quote follows the form without a reload."""
    owner.press("选择额度与方案")
    owner.see("您最多可签约")
    owner.fits()
    before = owner.figure("interest")
    owner.page.get_by_label("签约额度").first.fill(amount)
    expect(owner.page.locator("[data-figure=interest]")).not_to_have_text(before)
    after = owner.figure("interest")
    owner.page.get_by_label(re.compile("^等额本金")).check()
    expect(owner.page.locator("[data-figure=interest]")).not_to_have_text(after)
    slider = owner.page.get_by_role("slider")
    assert slider.input_value() == amount
    owner.press("确认方案")


def sign(owner: Owner) -> None:
    """Read the key terms, get the code, sign."""
    owner.see("阅读合同")
    owner.fits()
    owner.press("我已阅读，发送验证码")
    owner.see("签署合同")
    owner.page.get_by_label("验证码").fill(owner.code())
    owner.press("^签约")
    owner.see("额度已生效")


def draw(owner: Owner, amount: str) -> None:
    """Draw, confirm, see the money arrive."""
    owner.press("^支用$")
    owner.see("支用借款")
    owner.fits()
    owner.page.get_by_label("支用金额").first.fill(amount)
    owner.press("下一步")
    owner.see("确认支用")
    owner.press("确认支用")
    owner.see("资金已到账")
    assert owner.figure("arrived").endswith("50,000.00")


def repay_part(owner: Owner, amount: str) -> None:
    """Repay a part early and see what it saves."""
    owner.press("查看借据与还款计划")
    owner.see("借款条件")
    owner.fits()
    owner.press("^还款$")
    owner.page.get_by_label("金额", exact=True).fill(amount)
    owner.see("¥\u00a030,000.00")
    saved = owner.figure("saved")
    owner.press("下一步")
    owner.press("确认还款")
    owner.see("最新还款计划")
    assert owner.figure("saved") == saved
    assert owner.figure("outstanding") == "¥ 30,000.00"
    owner.fits()


def test_from_application_to_early_repayment(owner_page):
    owner = owner_page("approved")
    owner.sign_in()
    owner.fits()
    owner.apply("200000")
    owner.page.wait_for_url("**/decision/")
    owner.see("额度是怎样算出来的")
    owner.fits()
    choose_terms(owner, "100000")
    sign(owner)
    draw(owner, "50000")
    repay_part(owner, "20000")

    held = origination.applications_of(owner.customer.person_no)[0]
    assert held.status == "active"
    owner.page.goto(f"{owner.base}/applications/{held.id}/contract/")
    expect(owner.page.get_by_text("签名有效")).to_have_count(2)
    facility = servicing.facility(held.facility_id)
    assert facility.available == Decimal("70000.00")
    assert trial_balance().difference == 0


def test_a_declined_owner_reads_the_reasons(owner_page):
    owner = owner_page("declined")
    owner.sign_in()
    owner.apply("200000")
    owner.page.wait_for_url("**/decision/")
    owner.see("暂时无法为您提供贷款")
    owner.see("怎样改变结果")
    owner.see("申请人工复核")
    taken = origination.customer_decision(
        origination.applications_of(owner.customer.person_no)[0].id
    )
    for reason in taken.reasons:
        owner.see(reason.zh)


def test_the_way_works_without_script(owner_page):
    owner = owner_page("approved", script=False)
    owner.sign_in()
    owner.apply("200000")
    owner.page.wait_for_url("**/decision/", timeout=30_000)
    owner.press("选择额度与方案")
    owner.page.get_by_label("签约额度").first.fill("100000")
    owner.press("重新试算")
    owner.see("8,546.75")  # a twelfth of 100,000 with interest at 4.92 %, ACT/360, due on the 20th
    owner.press("确认方案")
    owner.see("阅读合同")


def test_a_slow_platform_is_shown_while_others_have_answered(owner_page):
    owner = owner_page("approved")
    owner.platforms.fault("tax", "slow", 4)
    owner.sign_in()
    owner.apply("200000")
    received = owner.page.locator(".live-list .badge.tone-positive")
    expect(received).to_have_count(5, timeout=30_000)
    owner.page.wait_for_url("**/decision/", timeout=30_000)


def test_english_throughout(owner_page):
    owner = owner_page("approved", language="en-GB")
    owner.page.goto(f"{owner.base}/login/")
    owner.see("Send the code")
    chinese = re.compile(r"[\u4e00-\u9fff]{2,}")
    assert chinese.findall(owner.page.locator("main").inner_text()) == []
