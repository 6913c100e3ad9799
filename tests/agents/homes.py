"""A fresh HOME for each agent, with the settings that send it to a model server of ours.

Everything lies in the HOME, nothing in the environment: so does what a person has set up once.
"""

import json
import textwrap
from pathlib import Path


def furnish(agent: str, home: Path, url: str) -> None:
    """Write the agent's settings into a HOME."""
    _WRITERS[agent](home, url)


def _write(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text) if isinstance(text, str) else json.dumps(text))


def _write_claude(home: Path, url: str) -> None:
    env = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    _write(home / ".claude/settings.json", {"env": env})


def _write_codex(home: Path, url: str) -> None:
    _write(home / ".codex/config.toml", f"""\
        model = "gpt-test"
        model_provider = "loopback"
        [model_providers.loopback]
        name = "loopback"
        base_url = "{url}/v1"
        wire_api = "responses"
        request_max_retries = 2
        stream_max_retries = 1
        experimental_bearer_token = "test"
        [analytics]
        enabled = false
        """)  # fmt: skip


def _write_gemini(home: Path, url: str) -> None:
    _write(home / ".gemini/.env", f"GEMINI_API_KEY=test\nGOOGLE_GEMINI_BASE_URL={url}\n")
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"disableAutoUpdate": True, "maxAttempts": 3},
        "model": {"name": "gemini-2.5-flash"},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
    }
    _write(home / ".gemini/settings.json", settings)


def _write_opencode(home: Path, url: str) -> None:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "loopback",
        "options": {"baseURL": f"{url}/v1", "apiKey": "test"},
        "models": {
            "test-model": {
                "name": "test",
                "tool_call": True,
                "cost": {"input": 3, "output": 15},
                "limit": {"context": 200000, "output": 8000},
            }
        },
    }
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "model": "loopback/test-model",
        "small_model": "loopback/test-model",
        "enabled_providers": ["loopback"],
        "provider": {"loopback": provider},
    }
    _write(home / ".config/opencode/opencode.json", settings)


def _write_pi(home: Path, url: str) -> None:
    model = {
        "id": "test-model",
        "cost": {"input": 3, "output": 15, "cacheRead": 0, "cacheWrite": 0},
        "contextWindow": 200000,
        "maxTokens": 8000,
    }
    provider = {
        "baseUrl": f"{url}/v1",
        "api": "openai-completions",
        "apiKey": "test",
        "models": [model],
    }
    _write(home / ".pi/agent/models.json", {"providers": {"loopback": provider}})
    chosen = {"defaultProvider": "loopback", "defaultModel": "test-model"}
    _write(home / ".pi/agent/settings.json", chosen)


def _write_aider(home: Path, url: str) -> None:
    _write(home / ".aider.conf.yml", f"""\
        model: openai/test-model
        openai-api-base: {url}/v1
        openai-api-key: test
        edit-format: diff
        """)  # fmt: skip


def _write_hermes(home: Path, url: str) -> None:
    _write(home / ".hermes/config.yaml", f"""\
        model:
          provider: custom
          default: test-model
          base_url: {url}/v1
          api_key: test
          context_length: 200000
        """)  # fmt: skip


_WRITERS = {
    "claude": _write_claude,
    "codex": _write_codex,
    "gemini": _write_gemini,
    "opencode": _write_opencode,
    "pi": _write_pi,
    "aider": _write_aider,
    "hermes": _write_hermes,
}
