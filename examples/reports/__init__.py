"""Sales reports from CSV files: upload, generate with live progress, download."""
