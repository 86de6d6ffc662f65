"""Outcomes of past loans: who was good and who was bad, and the tables to choose that definition by.

Every table is an Ibis expression over the datasets `loans` and `loan_months`, so it runs wherever the
lake does. What a table sees is what it is handed: `Lake.connect(as_of=...)` gives the panel as the
bank knew it on a day.
"""

from kuaidai.data.labels.definition import LABELS, LabelDefinition
from kuaidai.data.labels.outcomes import label_rows, outcomes

__all__ = ["LABELS", "LabelDefinition", "label_rows", "outcomes"]
