"""The parts of compare.py: what is compared, the processes that do it, the report."""
