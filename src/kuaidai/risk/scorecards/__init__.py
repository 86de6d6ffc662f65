"""Binning, weight of evidence, logistic fit, points, reasons, validation."""
