"""Model cards, generation settings and chat templates of the tiny models: what `general.*` is read from."""

from __future__ import annotations

import json

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] | trim }}\n"
    "{% endfor %}{% if add_generation_prompt %}<|model|>\n{% endif %}"
)
GEMMA = """---
license: apache-2.0
license_link: https://ai.google.dev/gemma/docs/gemma_4_license
library_name: transformers
pipeline_tag: image-text-to-text
base_model: google/gemma-4-E2B
---

# Gemma 4, in small
"""
LLAMA = """---
language:
- en
- de
library_name: transformers
pipeline_tag: text-generation
tags:
- facebook
- llama-3
license: llama3.2
---
"""
QWEN = """---
library_name: transformers
license: apache-2.0
license_link: https://huggingface.co/Qwen/Qwen3-0.6B/blob/main/LICENSE
pipeline_tag: text-generation
base_model:
- Qwen/Qwen3-0.6B-Base
datasets:
- HuggingFaceFW/fineweb
---
"""
SMOLLM = """---
library_name: transformers
license: apache-2.0
language: en
base_model:
- HuggingFaceTB/SmolLM2-135M
- HuggingFaceTB/SmolLM2-135M-intermediate
model_name: SmolLM2 135M, in small
---
"""


def generation(**settings: object) -> str:
    """Return generation_config.json."""
    return json.dumps({"transformers_version": "5.5.0", **settings}, indent=2) + "\n"
