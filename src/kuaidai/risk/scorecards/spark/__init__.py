"""The fit on Spark: the engine's own functions, run where the rows lie.

Partitions become one-byte codes once and are kept by Spark; every later pass returns sums only, which
the driver adds in the order of the partitions. Needs the extra `kuaidai[spark]`, Java, and kuaidai
installed on the machines that work.
"""

from kuaidai.risk.scorecards.spark.fitting import bin_frame, fit_frame
from kuaidai.risk.scorecards.spark.frames import open_frame
from kuaidai.risk.scorecards.spark.scan import SparkScan, scan_frame
from kuaidai.risk.scorecards.spark.segments import fit_segments_frame

__all__ = [
    "SparkScan",
    "bin_frame",
    "fit_frame",
    "fit_segments_frame",
    "open_frame",
    "scan_frame",
]
