"""From the model name that a log states to where it is billed and under what name.

Names come with routes (`openrouter/`, `bedrock/us-east-1/`, `projects/.../publishers/google/models/`), regions and
vendors (`us.anthropic.`), snapshot dates and revisions (`-20250929`, `@20250929`, `-v1:0`). A route says who bills, so
it is never thrown away: the same model has another price at another provider. A provider that is not known here bills
at an unknown price.
"""

from __future__ import annotations

import re

import msgspec

_ALIASES = {
    "anthropic": ("anthropic", "claude"),
    "aws": (
        "aws", "bedrock", "bedrock_converse", "amazon", "amazon-bedrock", "amazon_bedrock", "aws-bedrock",
        "aws_bedrock", "aws.bedrock",
    ),
    "azure": (
        "azure", "azure_ai", "azure-openai", "azure_openai", "az.ai.openai", "az.ai.inference", "azure.ai.openai",
        "azure.ai.inference",
    ),
    "cerebras": ("cerebras",),
    "cloudflare": ("cloudflare", "workers-ai"),
    "cohere": ("cohere", "cohere_chat"),
    "databricks": ("databricks",),
    "deepseek": ("deepseek",),
    "fireworks": ("fireworks", "fireworks_ai", "fireworks-ai"),
    "github-copilot": ("github-copilot", "github_copilot"),
    "google": (
        "google", "gemini", "google-gla", "google-vertex", "google_genai", "google_vertexai", "google.generative-ai",
        "gcp", "gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai", "google.vertex", "vertex", "vertex_ai", "vertexai",
        "vertex-ai", "google-vertex-anthropic",
    ),
    "groq": ("groq",),
    "meta": ("meta",),
    "minimax": ("minimax",),
    "mistral": ("mistral", "mistralai", "mistral_ai"),
    "moonshotai": ("moonshotai", "moonshot"),
    "novita": ("novita",),
    "openai": ("openai", "openai-codex", "text-completion-openai"),
    "openrouter": ("openrouter",),
    "perplexity": ("perplexity",),
    "together": ("together", "together_ai", "together-ai", "togetherai"),
    "voyageai": ("voyageai", "voyage"),
    "x-ai": ("x-ai", "xai", "x_ai"),
    "zai": ("zai", "z-ai", "z.ai"),
    "zhipuai": ("zhipuai",),
}  # fmt: skip
PROVIDERS = {alias: provider for provider, aliases in _ALIASES.items() for alias in aliases}
"""What LiteLLM, LangChain, OpenTelemetry and the agents' own logs call a provider, to its genai-prices id."""

GATEWAYS = frozenset({"litellm", "litellm_proxy", "langchain", "pydantic-ai", "portkey", "helicone", "proxy"})
"""Names that say how a call travelled, not who billed it: the model's own name decides."""

_PATH_WORDS = frozenset({"models", "publishers", "converse", "converse_like", "responses", "chat", "deployments"})
_CLOUD_REGION = re.compile(r"[a-z]{2}(?:-gov)?-[a-z]+-?\d|global|us|eu")
_BEDROCK = re.compile(
    r"(?:(?P<region>us|us-gov|eu|apac|au|jp|in|ca|sa|me|af|il|global)\.)?"
    r"(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|writer|moonshot|moonshotai|minimax|google|nvidia|zai)"
    r"\.(?=[a-z])"
)
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)/")
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
_SNAPSHOT = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest|default)$")
_REVISION = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?$")


class ModelName(msgspec.Struct, frozen=True):
    """Where a model is billed and what it may be listed as there."""

    provider: str | None
    """genai-prices id, or the stated name where that is no known one; None where none is stated: the name must tell."""
    forms: tuple[str, ...]
    """Names to look up, lower case, the most exact first."""


def parse(model: str, provider: str | None = None) -> ModelName:
    """Read a stated model name and provider."""
    ref = model.strip().lower()
    billed_by = None
    if provider is not None and (stated := provider.strip().lower()) not in GATEWAYS:
        billed_by = PROVIDERS.get(stated) or PROVIDERS.get(stated.partition(".")[0], stated)
    if arn := _ARN.match(ref):
        billed_by, ref = billed_by or "aws", ref[arn.end() :]
    billed_by, refs = _strip_routes(billed_by, ref)
    if billed_by is None and _BEDROCK.match(refs[-1]):
        billed_by = "aws"
    if billed_by is None and ref.startswith("ft:"):
        billed_by = "openai"
    return ModelName(billed_by, tuple(dict.fromkeys(form for ref in refs for form in _forms(ref))))


def vendor_name(form: str) -> str:
    """The name that the model's vendor gives it: without region, vendor, revision and snapshot date."""
    vendor, _, rest = form.partition("/")
    name = rest if vendor in PROVIDERS else form
    if bedrock := _BEDROCK.match(name):
        name = name[bedrock.end() :]
    return _SNAPSHOT.sub("", _REVISION.sub("", name))


def _strip_routes(provider: str | None, ref: str) -> tuple[str | None, list[str]]:
    """Take known route segments off the front, keeping each shorter name: resellers list models under their vendor's.

    A segment that is not known is part of the name. The first provider named is the one that bills.
    """
    refs = [ref]
    while "/" in ref:
        segment, _, rest = ref.partition("/")
        if segment == "projects" and "/publishers/" in rest:
            provider, ref = provider or "google", rest.partition("/publishers/")[2].partition("/")[2]
        elif segment == "accounts":
            provider, ref = provider or "fireworks", rest.partition("/models/")[2] or rest
        elif segment in GATEWAYS or segment in _PATH_WORDS or (provider == "aws" and _CLOUD_REGION.fullmatch(segment)):
            ref = rest
        elif segment in PROVIDERS:
            provider, ref = provider or PROVIDERS[segment], rest
        else:
            break
        refs.append(ref)
    return provider, refs


def _forms(ref: str) -> tuple[str, ...]:
    """The name as it is, with its compact date written with dashes, and without revision and date."""
    return ref, _COMPACT_DATE.sub(r"-\1-\2-\3", ref), _SNAPSHOT.sub("", _REVISION.sub("", ref))
