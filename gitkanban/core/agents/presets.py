"""What is known of each agent's command line, as data.

Nothing is run here; `core.agents.readers` reads what the agents print. The facts were tried with
the versions named in each preset's `tried`.
"""

from collections.abc import Mapping, Sequence

from gitkanban.core.agents.sandboxes import is_preset
from gitkanban.core.model import Card, Worker
from gitkanban.late import re
from gitkanban.typed import NamedTuple

NO_RESUME = ("never",)  # `resume: never`: each session is a new conversation
PLACEHOLDERS = (
    "prompt",
    "prompt_file",
    "profile",
    "card",
    "run",
    "workspace",
    "session",
    "branch",
)
# Only for presets: files and folders of the run, and the path of our own program for a session.
_PRIVATE = ("last_message", "run_dir", "mailbox", "gitkanban")
OPTIONS = "{options}"  # a separate word that the model, effort and `args` of the worker replace
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Allows(NamedTuple):
    """What an agent started by its preset may do without asking, in words for people."""

    edits: str
    shell: str
    network: str
    asks_nobody: bool = False  # it approves all that its tools ask for


class Login(NamedTuple):
    """Signs of a login, one of which is enough: files below HOME, variables in `pass_env`.

    Their absence proves nothing, because there are other ways to log in.
    """

    files: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


class Preset(NamedTuple):
    """One agent. `start` and `resume` are argv templates."""

    name: str
    tried: str
    start: tuple[str, ...]
    allows: Allows
    resume: tuple[str, ...] = ()
    interactive: tuple[str, ...] = ()  # resumes a `{session}` at a person's terminal
    stdin: bool = False  # it reads the prompt there: `ps` does not show it, no limit cuts it
    model: tuple[str, ...] = ()  # words that choose `{value}` as its model
    effort: tuple[str, ...] = ()  # words that choose `{value}` as its effort
    commits: str = "session"  # supervisor: it cannot commit in a linked worktree, or as its owner
    env: tuple[tuple[str, str], ...] = ()
    read_only_memory: tuple[tuple[str, str], ...] = ()  # variables that switch it on
    droppings: tuple[str, ...] = ()  # its own files, never work
    transcript: str = ""  # folder (below the run folder) that it writes to
    contained: tuple[tuple[str, str], ...] = ()  # words for its own sandbox, words instead in ours
    state: tuple[str, ...] = ()  # in the home: where it stores logins and sessions
    settings: tuple[str, ...] = ()  # in the home: no session may change them
    needs: str = ""  # what its owner must have set up before the first start
    login: Login = Login()
    says_cost: bool = False
    profiles: str = ""  # folder below HOME with a folder for each profile except `default`


# Where agents that support many providers look for a key.
_KEYS = (
    "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "GEMINI_API_KEY",
    "GOOGLE_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY", "DEEPSEEK_API_KEY", "XAI_API_KEY",
    "AZURE_API_KEY", "OPENAI_API_BASE", "OLLAMA_API_BASE",
)  # fmt: skip
_CLAUDE = (
    "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits", OPTIONS,
    "--allowedTools", "Bash(gitkanban *)", "Bash({gitkanban} *)",
)  # fmt: skip
_CODEX = (
    "--json", "-c", 'sandbox_mode="workspace-write"', "-c", "allow_login_shell=false",
    "-c", 'sandbox_workspace_write.writable_roots=["{mailbox}"]', "-o", "{last_message}", OPTIONS,
)  # fmt: skip
_GEMINI = ("--yolo", "--skip-trust", "-o", "stream-json", OPTIONS)
_PI = ("-p", "--mode", "json", "--session-dir", "{run_dir}/pi", OPTIONS)
_HERMES = ("--usage-file", "{run_dir}/usage.json", OPTIONS)

_CLAUDE_SETTINGS = (
    "settings.json", "settings.local.json", "CLAUDE.md", "agents", "commands", "hooks", "plugins",
    "skills",
)  # fmt: skip
_GEMINI_SETTINGS = ("settings.json", ".env", "GEMINI.md", "commands", "extensions", "policies")
# What it writes beside these does not persist.
_OPENCODE_SETTINGS = (
    "opencode.json", "opencode.jsonc", "config.json", "AGENTS.md", "agent", "agents", "command",
    "commands", "plugin", "plugins", "skill", "skills", "tool", "tools", "themes",
)  # fmt: skip
_PI_SETTINGS = ("settings.json", "models.json", "AGENTS.md", "extensions", "prompts", "skills")

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="hermes",
            tried="0.19.0",
            start=("hermes", "-p", "{profile}", "-z", "{prompt}", *_HERMES),
            resume=(  # with `-z` it would start another conversation
                "hermes", "-p", "{profile}", "chat", "--yolo", "-Q", "--resume", "{session}",
                "-q", "{prompt}", OPTIONS,
            ),
            allows=Allows("every file", "any command", "whatever its tools reach", True),
            interactive=("hermes", "-p", "{profile}", "--resume", "{session}", OPTIONS),
            model=("-m", "{value}"),
            state=(".hermes",),
            settings=(".hermes/config.yaml", ".hermes/.env"),
            needs="a profile named as the worker's profile is (`hermes profile create NAME`; `default` is "
            "always there), with a provider (`hermes setup`)",
            login=Login((".hermes/.env", ".hermes/auth.json", ".hermes/config.yaml"), _KEYS),
            profiles=".hermes/profiles",
        ),
        Preset(
            name="claude",
            says_cost=True,
            tried="2.1.332",
            start=("claude", "-p", "--session-id", "{session}", *_CLAUDE),
            resume=("claude", "-p", "--resume", "{session}", *_CLAUDE),
            interactive=("claude", "--resume", "{session}", OPTIONS),
            allows=Allows(
                "files of its workspace",
                "gitkanban, and what it considers harmless; tests and builds only if args names them",
                "none",
            ),
            stdin=True,
            model=("--model", "{value}"),
            effort=("--effort", "{value}"),
            commits="supervisor",
            env=(("CLAUDE_CODE_MAX_RETRIES", "4"),),
            read_only_memory=(("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "1"),),
            state=(".claude", ".claude.json"),
            settings=tuple(f".claude/{name}" for name in _CLAUDE_SETTINGS),
            needs="a login (`claude`, then /login), or ANTHROPIC_API_KEY in pass_env",
            login=Login(
                (".claude/.credentials.json",),
                (
                    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
                    *("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX"),
                ),
            ),
        ),
        Preset(
            name="codex",
            tried="0.171.0",
            start=("codex", "exec", *_CODEX, "-"),
            resume=("codex", "exec", "resume", *_CODEX, "{session}", "-"),
            interactive=("codex", "resume", OPTIONS, "{session}"),
            allows=Allows(
                "files of its workspace and the run's mailbox, by its own sandbox",
                "any command, in that sandbox",
                "none but the model's",
            ),
            stdin=True,
            model=("-m", "{value}"),
            effort=("-c", 'model_reasoning_effort="{value}"'),
            commits="supervisor",
            contained=(('sandbox_mode="workspace-write"', 'sandbox_mode="danger-full-access"'),),
            state=(".codex",),
            settings=(".codex/config.toml", ".codex/AGENTS.md", ".codex/prompts", ".codex/skills"),
            needs="a login (`codex login`), or CODEX_API_KEY in pass_env",
            login=Login((".codex/auth.json",), ("CODEX_API_KEY", "OPENAI_API_KEY")),
        ),
        Preset(
            name="gemini",
            tried="0.61.0",
            start=("gemini", *_GEMINI, "--session-id", "{session}"),
            resume=("gemini", *_GEMINI, "--resume", "{session}"),
            interactive=("gemini", OPTIONS, "--resume", "{session}"),
            allows=Allows("every file", "any command", "whatever its tools reach", True),
            stdin=True,
            model=("-m", "{value}"),
            commits="supervisor",  # its shell hides ~/.gitconfig, which has most people's names
            state=(".gemini",),
            settings=tuple(f".gemini/{name}" for name in _GEMINI_SETTINGS),
            needs="a login (`gemini`, then /auth), or GEMINI_API_KEY in pass_env",
            login=Login(
                (".gemini/oauth_creds.json",),
                ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS"),
            ),
        ),
        Preset(
            name="opencode",
            says_cost=True,
            tried="1.18.33",
            start=("opencode", "run", "--format", "json", OPTIONS),
            resume=("opencode", "run", "--format", "json", "-s", "{session}", OPTIONS),
            interactive=("opencode", "-s", "{session}"),
            allows=Allows(
                "files of its workspace", "any command", "whatever its tools reach", True
            ),
            stdin=True,
            model=("-m", "{value}"),
            effort=("--variant", "{value}"),
            state=(".local/share/opencode", ".local/state/opencode", ".cache/opencode"),
            settings=tuple(f".config/opencode/{name}" for name in _OPENCODE_SETTINGS),
            needs="a login (`opencode auth login`), or its provider's key in pass_env",
            login=Login((".local/share/opencode/auth.json", ".config/opencode/opencode.json"), _KEYS),
        ),
        Preset(
            name="pi",
            says_cost=True,
            tried="0.73.1",
            start=("pi", *_PI),
            resume=("pi", *_PI, "--session", "{session}"),
            interactive=("pi", "--session-dir", "{run_dir}/pi", OPTIONS, "--session", "{session}"),
            allows=Allows("every file", "any command", "whatever its commands reach", True),
            stdin=True,
            model=("--model", "{value}"),
            effort=("--thinking", "{value}"),
            state=(".pi",),
            settings=tuple(f".pi/agent/{name}" for name in _PI_SETTINGS),
            transcript="pi",
            needs="a login (`pi`, then /login), or its provider's key in pass_env",
            login=Login((".pi/agent/auth.json", ".pi/agent/models.json"), _KEYS),
        ),
        Preset(
            name="aider",
            says_cost=True,
            tried="0.86.2",
            start=(
                "aider", "--message", "{prompt}", "--yes-always", "--no-check-update",
                "--no-detect-urls", "--no-gitignore", "--no-analytics", "--no-show-release-notes",
                "--no-show-model-warnings", "--no-suggest-shell-commands", "--no-pretty",
                "--disable-playwright", OPTIONS,
            ),
            allows=Allows("files of its workspace", "none", "none but the model's", True),
            model=("--model", "{value}"),
            effort=("--reasoning-effort", "{value}"),
            droppings=(".aider*",),
            state=(".aider",),
            settings=(".aider.conf.yml", ".aider.model.settings.yml"),
            needs="its provider's key, in pass_env or in ~/.aider.conf.yml",
            login=Login((".aider.conf.yml", ".env"), _KEYS),
        ),
    )
}  # fmt: skip

CUSTOM = Preset("command", "", (), Allows("", "", ""))


def preset_of(runner: str) -> Preset:
    """The named preset; for a worker with its own `command:`, an empty one."""
    return PRESETS.get(runner, CUSTOM)


def sentence(preset: Preset) -> str:
    """What the agent may do, for a person who must allow it; empty for CUSTOM."""
    edits, shell, network, asks_nobody = preset.allows
    if not edits:
        return ""
    rest = "it acts without asking" if asks_nobody else "anything else is refused"
    return f"{preset.name} edits {edits}; runs {shell}; network: {network}; {rest}"


def commits_of(worker: Worker) -> str:
    """Who commits what a session of the worker leaves: from the worker, else from its preset."""
    return worker.commits or preset_of(worker.runner).commits


def templates_of(worker: Worker) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The argv templates for a worker's start and resume, with its options filled in.

    Both are empty if the worker has neither a runner nor a command.
    """
    preset = preset_of(worker.runner)
    own = worker.command not in ((), preset.start)
    start, resume = (worker.command, worker.resume) if own else (preset.start, preset.resume)
    known = CUSTOM if own else preset
    if worker.resume == NO_RESUME:
        resume = ()
    if is_preset(worker.sandbox):  # sandboxes cannot be nested everywhere
        words = dict(known.contained)
        start, resume = (tuple(words.get(each, each) for each in line) for line in (start, resume))
    chosen = (*_fill_value(known.model, worker.model), *_fill_value(known.effort, worker.effort))
    options = (*chosen, *worker.args)
    return _with_options(start, options), _with_options(resume, options)


def interactive_of(worker: Worker) -> tuple[str, ...]:
    """The argv template with which a person resumes a `{session}`; empty if there is none.

    A worker's `args` are left out: they are for sessions that nobody watches.
    """
    preset = preset_of(worker.runner)
    if worker.command not in ((), preset.start):
        return ()
    model = _fill_value(preset.model, worker.model)
    return _with_options(preset.interactive, (*model, *_fill_value(preset.effort, worker.effort)))


def with_choices(worker: Worker, card: Card) -> Worker:
    """Return the worker with the model and effort that the card chooses, if any."""
    model = card.model if card.model in worker.models else worker.model
    effort = card.effort if card.effort in worker.efforts else worker.effort
    return worker._replace(model=model, effort=effort)


def choice_fault(worker: Worker, card: Card) -> tuple[str, str]:
    """The first choice of the card that its worker does not offer: (key, value).

    Both are empty if the worker offers all that the card chooses.
    """
    for key in ("model", "effort"):
        wanted = getattr(card, key)
        if wanted not in ("", getattr(worker, key), *getattr(worker, f"{key}s")):
            return key, wanted
    return "", ""


def _fill_value(words: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(word.replace("{value}", value) for word in words) if value else ()


def _with_options(template: tuple[str, ...], options: tuple[str, ...]) -> tuple[str, ...]:
    if not template:
        return ()
    if OPTIONS not in template:
        return (*template, *options)
    at = template.index(OPTIONS)
    return (*template[:at], *options, *template[at + 1 :])


def reads_stdin(worker: Worker) -> bool:
    """Whether a session of the worker gets its prompt on stdin."""
    preset = preset_of(worker.runner)
    if worker.command not in ((), preset.start):
        return worker.stdin == "prompt"
    return preset.stdin


def unknown_placeholders(word: str, known: Sequence[str] = PLACEHOLDERS) -> list[str]:
    """The words in braces in a word of a template that are not known placeholders, in order.

    Only what could be meant as a placeholder counts: `{}` and `{"a": 1}` are text.
    """
    names = re.findall(r"\{([A-Za-z_][A-Za-z0-9_ -]*)\}", word)
    return [name for name in names if name not in known]


def expand(argv: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Replace every known placeholder in an argv, once: values are never expanded again.

    Raises KeyError for a placeholder that `values` does not have.
    """
    known = {*PLACEHOLDERS, *_PRIVATE}

    def replaced(match: "re.Match[str]") -> str:
        return values[match[1]] if match[1] in known else match[0]

    return [_PLACEHOLDER.sub(replaced, word) for word in argv]
