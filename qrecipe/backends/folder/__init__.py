"""What every folder of safetensors has in common: layout, tasks, lock, reading back. A family says the rest.

`FolderBackend(family)` is a whole backend (`backend.py`); `family.py` has what a plug-in supplies.
"""
