"""Screens of data quality: missing values, outliers, drift and new categories by month.

A table's columns are fixed on a baseline (the first months) and every month is held against it. All
counting is done by Ibis expressions where the lake is; nothing here knows the database.
"""

from kuaidai.data.quality.profile import Finding, Profile, profile_table
from kuaidai.data.quality.screen import screen_dataset, screen_features

__all__ = ["Finding", "Profile", "profile_table", "screen_dataset", "screen_features"]
