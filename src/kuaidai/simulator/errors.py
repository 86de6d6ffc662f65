"""What the simulator refuses."""

from __future__ import annotations

from kuaidai.kernel.errors import Refusal


class NoSuchSize(Refusal, ValueError):
    """Too few or too many firms or months."""

    code = "SIMULATION_SIZE"
    en = "The simulator builds 1 to {most:,} {what}, not {value}; choose another number."
    zh = "模拟器支持 1 至 {most:,} 个（{what}），而非 {value}；请另选数量。"


class MoreThanOneCluster(Refusal, ValueError):
    """A world is one cluster, and this plan has several."""

    code = "SIMULATION_CLUSTERS"
    en = (
        "{firms} firms over {months} months are {clusters} clusters, and a world is one;"
        " build one of its clusters, or write all of them with `write_bank`."
    )
    zh = "{firms} 家企业 {months} 个月共 {clusters} 个分片，一次只能构建一个；请指定分片或使用 `write_bank`。"


class ShockUnreadable(Refusal):
    """A shock that is not written as one."""

    code = "SHOCK_UNREADABLE"
    en = (
        "{value!r} is no shock: write month:size or month:size:industry, with a size from -10 to 10,"
        " such as 2026-02:-1.5 or 2026-02:-1.5:62."
    )
    zh = "无法识别冲击 {value!r}：请写作“月份:幅度[:行业]”，幅度在 -10 至 10 之间，例如 2026-02:-1.5:62。"


class NoSuchIndustry(Refusal):
    """A shock to an industry the economy does not have."""

    code = "SHOCK_INDUSTRY"
    en = "There is no industry {value!r} in the simulated economy; it has {known}."
    zh = "模拟经济中没有行业 {value!r}；可选：{known}。"


class ShockOutside(Refusal):
    """A shock in a month that is not lived."""

    code = "SHOCK_OUTSIDE"
    en = (
        "The shock {value} lies outside the months lived, {first} to {last}; choose a month inside."
    )
    zh = "冲击 {value} 不在模拟区间 {first} 至 {last} 内；请选择区间内的月份。"


class NotADrop(Refusal):
    """The folder to write to holds something that is no drop."""

    code = "NOT_A_DROP"
    en = (
        "{value} holds files that `kuaidai simulate` did not write (it has no drop.json);"
        " name another folder, or empty it yourself."
    )
    zh = "{value} 中有并非由 `kuaidai simulate` 写入的文件（没有 drop.json）；请换一个文件夹，或自行清空。"


class BeingWritten(Refusal):
    """Another run is writing the same folder."""

    code = "DROP_BEING_WRITTEN"
    http_status = 409
    en = "Another run is writing {value} now; wait for it, or name another folder."
    zh = "另一个进程正在写入 {value}；请等待其完成，或换一个文件夹。"


class DropNotWritten(Refusal):
    """Writing failed; what was there before is untouched."""

    code = "DROP_NOT_WRITTEN"
    http_status = 507
    en = "{value} was not written: {why}. What was there before is as it was."
    zh = "{value} 未写入：{why}。原有内容保持不变。"


class DropTooLarge(Refusal):
    """More firms than the sandbox keeps in memory."""

    code = "DROP_TOO_LARGE"
    en = (
        "{value} holds {firms:,} firms and the sandbox keeps at most {most:,} in memory;"
        " serve a smaller drop, such as `kuaidai simulate --firms 1000`."
    )
    zh = "{value} 含 {firms:,} 家企业，沙箱内存最多容纳 {most:,} 家；请使用较小的数据，例如 `kuaidai simulate --firms 1000`。"
