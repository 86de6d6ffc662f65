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


class WrongDelimiter(Refusal):
    """A CSV file whose cells are not separated by commas."""

    code = "WRONG_DELIMITER"
    en = "The header of {value} looks separated by {found}, but cells must be separated by {wanted}. Export the file again."
    zh = "{value} 的表头似乎以 {found} 分隔，而单元格必须以 {wanted} 分隔。请重新导出该文件。"


class WrongTypes(Refusal):
    """Columns of a Parquet file hold what no value of the contract can be."""

    code = "WRONG_TYPES"
    en = "{value} does not fit the contract of {dataset}: {difference}. Write these columns as their contract's types."
    zh = "{value} 不符合数据集 {dataset} 的约定：{difference}。请按约定的类型写入这些列。"


class LakeNotReadable(Refusal):
    """What lies in the lake's folder is not a lake this version can read."""

    code = "LAKE_NOT_READABLE"
    en = "The lake in {value} cannot be read: {why}."
    zh = "无法读取 {value} 中的数据湖：{why}。"


class LakeNotReachable(Refusal):
    """The lake's storage does not answer or is of an unknown kind."""

    code = "LAKE_NOT_REACHABLE"
    en = "The lake at {value} cannot be reached: {why}. Check KUAIDAI_LAKE and its credentials."
    zh = "无法访问位于 {value} 的数据湖：{why}。请检查 KUAIDAI_LAKE 及其凭证。"


class LakeNotWritable(Refusal):
    """A write failed: the disk is full, a quota is used up, rights are missing."""

    code = "LAKE_NOT_WRITABLE"
    en = "The lake could not write {value}: {why}. Nothing was ingested; make room or correct the rights, then ingest again."
    zh = "数据湖无法写入 {value}：{why}。未导入任何数据；请腾出空间或更正权限后重新导入。"


class LakeBusy(Refusal):
    """Another writer holds the lake."""

    code = "LAKE_BUSY"
    en = "{value} is being written by process {process} on {host} since {since}. Wait; if that writer is dead, delete {mark}."
    zh = "{value} 自 {since} 起正由 {host} 上的进程 {process} 写入。请稍候；若该进程已终止，请删除 {mark}。"


class UnknownEngine(Refusal):
    """The query engine is none that is known or installed."""

    code = "UNKNOWN_ENGINE"
    en = "The engine {value!r} cannot be used: {why}. Set KUAIDAI_ENGINE to duckdb or spark."
    zh = "无法使用引擎 {value!r}：{why}。请将 KUAIDAI_ENGINE 设为 duckdb 或 spark。"


class WrongKey(Refusal):
    """The values given do not make a key of the dataset."""

    code = "WRONG_KEY"
    en = "{value} is not a key of {dataset}: {why}."
    zh = "{value} 不是数据集 {dataset} 的键：{why}。"
