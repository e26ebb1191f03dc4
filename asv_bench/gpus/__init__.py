"""What `gpu.py` measures, and how."""
