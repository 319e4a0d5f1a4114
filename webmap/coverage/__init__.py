"""Service coverage: figures, reasons, standards, reports."""
