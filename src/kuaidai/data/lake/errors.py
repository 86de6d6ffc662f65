"""Refusals of the lake."""

from kuaidai.kernel.errors import Refusal


class UnknownDataset(Refusal):
    """There is no contract of that name."""

    code = "UNKNOWN_DATASET"
    en = "There is no dataset {value!r}; name the file after one of: {known}."
    zh = "没有数据集 {value!r}；请以下列名称之一命名文件：{known}。"


class WrongColumns(Refusal):
    """The file's columns are not the contract's."""

    code = "WRONG_COLUMNS"
    en = "{value} does not fit the contract of {dataset}: missing {missing}; unknown {unknown}. Correct the header."
    zh = "{value} 不符合数据集 {dataset} 的约定：缺少 {missing}；多出 {unknown}。请更正表头后重新导入。"


class FileUnreadable(Refusal):
    """The file cannot be read as CSV or Parquet."""

    code = "FILE_UNREADABLE"
    en = "{value} cannot be read: {why}. Nothing was ingested."
    zh = "无法读取 {value}：{why}。未导入任何数据。"


class NothingToIngest(Refusal):
    """The path holds no file of a dataset."""

    code = "NOTHING_TO_INGEST"
    en = "{value} holds no CSV or Parquet file of a dataset; see `kuaidai lake contracts`."
    zh = "{value} 中没有数据集的 CSV 或 Parquet 文件；请参阅 `kuaidai lake contracts`。"


class MappingWrong(Refusal):
    """A mapping file cannot be used."""

    code = "MAPPING_WRONG"
    en = "The mapping {value} cannot be used: {why}."
    zh = "映射文件 {value} 无法使用：{why}。"
