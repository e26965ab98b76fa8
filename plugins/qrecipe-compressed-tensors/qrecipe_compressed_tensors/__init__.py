"""compressed-tensors checkpoints from qrecipe recipes: a folder that transformers and vLLM load.

Planning and building need numpy alone; torch, transformers and compressed-tensors itself are for `preflight`.
"""
