"""Who makes a model, by how its name begins: for results that name the model and not the provider."""

from __future__ import annotations

_PREFIXES = (
    ("claude-", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("codex-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
    ("gemini-", "google"),
    ("grok-", "x-ai"),
    ("deepseek-", "deepseek"),
    ("mistral-", "mistral"),
    ("magistral-", "mistral"),
    ("ministral-", "mistral"),
    ("codestral-", "mistral"),
    ("devstral-", "mistral"),
    ("pixtral-", "mistral"),
    ("command-", "cohere"),
)
"""Names of what one maker sells itself, as its own API writes them: Azure's `DeepSeek-R1` is not DeepSeek's. Llama,
Qwen and gpt-oss are billed by whoever runs them."""
_OPEN_WEIGHTS = ("gpt-oss", "deepseek-r1-distill", "mistral-7b", "mistral-nemo")


def vendor_of(model: str | None) -> str | None:
    """The genai-prices id of the model's maker; None where the name, such as `meta-llama/...`, leaves it open."""
    if not model:
        return None
    if model.startswith(_OPEN_WEIGHTS):
        return None
    for prefix, vendor in _PREFIXES:
        if model.startswith(prefix):
            rest = model[len(prefix) :]
            return vendor if prefix.endswith("-") or rest[:1] in ("", "-") else None
    return None
