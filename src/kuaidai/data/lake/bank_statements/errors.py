"""Refusals of bank statements. No message holds an account number, a name or a remittance text."""

from kuaidai.kernel.errors import Refusal


class StatementUnreadable(Refusal):
    """The file cannot be read as a bank statement."""

    code = "STATEMENT_UNREADABLE"
    en = "{value} cannot be read as a bank statement: {why}. Nothing was ingested; check the file, or ask the bank for it again."
    zh = (
        "无法将 {value} 作为银行对账单读取：{why}。未导入任何数据；请检查文件，或向开户行重新索取。"
    )


class StatementAgainstSchema(Refusal):
    """The XML breaks the ISO 20022 schema that it names."""

    code = "STATEMENT_AGAINST_SCHEMA"
    en = (
        "{value} is not valid {version}: line {line}, {why}. Nothing was ingested; ask the bank "
        "for a file that fits the schema."
    )
    zh = "{value} 不符合 {version}：第 {line} 行，{why}。未导入任何数据；请向开户行索取符合规范的文件。"


class SchemasMissing(Refusal):
    """The official schemas are not installed."""

    code = "STATEMENT_SCHEMAS_MISSING"
    en = "{value} cannot be checked: the ISO 20022 schemas are not installed; run `pip install 'kuaidai[camt]'`."
    zh = "无法校验 {value}：未安装 ISO 20022 模式文件；请运行 `pip install 'kuaidai[camt]'`。"


class StatementIncomplete(Refusal):
    """A statement lacks something without which it cannot become rows of the lake."""

    code = "STATEMENT_INCOMPLETE"
    en = "{value}, statement {number}: {why}. Nothing was ingested; ask the bank for the complete statement."
    zh = "{value} 第 {number} 份对账单：{why}。未导入任何数据；请向开户行索取完整的对账单。"


class StatementUnbalanced(Refusal):
    """Opening balance and entries do not give the closing balance."""

    code = "STATEMENT_UNBALANCED"
    en = (
        "{value}, statement {number} does not add up: opening {opening} plus entries {entries} is "
        "{difference} away from closing {closing}. Nothing was ingested; ask the bank for the complete statement."
    )
    zh = (
        "{value} 第 {number} 份对账单不平：期初 {opening} 加发生额 {entries} 与期末 {closing} 相差 "
        "{difference}。未导入任何数据；请向开户行索取完整的对账单。"
    )


class StatementInOtherCurrency(Refusal):
    """The statement is in another currency than the lake's amounts."""

    code = "STATEMENT_IN_OTHER_CURRENCY"
    en = (
        "{value}, statement {number} is in {found}, not {wanted}; nothing was ingested. Amounts are "
        "not converted: a bank that keeps its books in {found} gives --currency {found}."
    )
    zh = (
        "{value} 第 {number} 份对账单的币种为 {found}，而非 {wanted}；未导入任何数据。系统不做汇率折算："
        "以 {found} 记账的银行请使用 --currency {found}。"
    )


class WhoseAccount(Refusal):
    """Nobody said whose account it is, and the lake does not know it."""

    code = "STATEMENT_OF_UNKNOWN_ACCOUNT"
    en = (
        "{value}, statement {number} is of an account that the lake does not know; name the firm by "
        "--uscc and its unified social credit code."
    )
    zh = "{value} 第 {number} 份对账单的账户尚未登记；请用 --uscc 指明企业的统一社会信用代码。"


class AccountOfAnother(Refusal):
    """The account is another firm's."""

    code = "STATEMENT_OF_ANOTHER_FIRM"
    en = "{value}, statement {number} is of an account of {found}, not of {wanted}; correct --uscc. Nothing was ingested."
    zh = "{value} 第 {number} 份对账单的账户属于 {found}，而非 {wanted}；请更正 --uscc。未导入任何数据。"


class WrongCurrency(Refusal):
    """Not an ISO 4217 code."""

    code = "WRONG_CURRENCY"
    en = "{value!r} is not a currency; write the three capital letters of ISO 4217, such as CNY."
    zh = "{value!r} 不是币种代码；请输入 ISO 4217 的三个大写字母，例如 CNY。"


class AccountKeptHere(Refusal):
    """The account is one of this bank's own."""

    code = "STATEMENT_OF_ACCOUNT_HERE"
    en = (
        "{value}, statement {number} is of an account kept at this bank, whose transactions come from "
        "its own books; nothing was ingested. Statements are for accounts at other banks."
    )
    zh = (
        "{value} 第 {number} 份对账单属于本行账户，其流水来自本行账务系统；未导入任何数据。"
        "对账单仅用于导入他行账户。"
    )
