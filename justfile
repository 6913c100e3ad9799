# Recipes for working on gitkanban: https://just.systems. Each is one line that can also be pasted.

python := ".venv-test/bin/python"

# List the recipes.
default:
    @just --list

# Make the environment that the other recipes use.
setup:
    python3 -m venv .venv-test && .venv-test/bin/pip install -q -e '.[test]'

# What needs no sessions and no process trees: under 40 s on two cores.
quick *args:
    {{python}} -m pytest -n 2 -m "not slow" tests/core tests/views tests/board/formats tests/board/content tests/agents tests/system/test_house.py {{args}}

# Every property with all of its examples, from another seed each time.
properties *args:
    {{python}} -m pytest -n auto -m hypothesis --all-examples {{args}}

# The whole suite, as README.md says and CI does.
all *args:
    {{python}} -m pytest -n auto {{args}}

# Lint, format, types and import contracts.
check:
    .venv-test/bin/ruff check . && .venv-test/bin/ruff format --check . && {{python}} -m mypy && .venv-test/bin/lint-imports

# Figures, as ratios measured side by side on a calm machine.
bench *args:
    {{python}} -m tests.bench {{args}}

# Faults at every step and random rounds, judged by an oracle.
torture *args="--minutes 10":
    {{python}} -m tests.torture {{args}}

# Several hosts in name spaces, stories and chaos by seed (root).
hosts *args="--minutes 5":
    {{python}} -m tests.hosts {{args}}

# Trouble on a Slurm cluster by seed; `--rows` plays what takes long (root).
slurm *args="--minutes 3":
    {{python}} -m tests.slurm {{args}}

# Write again the pages that are made from the code.
docs:
    {{python}} -m tests.commands_page && {{python}} -m tests.agents.page

# Play the demo and draw its picture again, docs/demo.svg.
recording:
    {{python}} -m tests.recording

# Draw the picture of the page again, docs/page.png; with a folder, pictures of every view there, to look at.
picture *folder:
    {{python}} -m tests.browser.pictures {{folder}}

# Write the transcripts again from what came out; read the difference.
transcripts:
    {{python}} -m pytest tests/cli/test_transcripts.py --rewrite; git diff --stat tests/cli/transcripts

# Which lines of the package tests reach in their own process; supervisors are not counted.
coverage *args:
    .venv-test/bin/pip install -q pytest-cov && {{python}} -m pytest -n auto --cov=gitkanban --cov-branch --cov-report=term:skip-covered --cov-report=html:build/coverage {{args}}

# Move the changelog fragments into CHANGELOG.md, under a version and today's date.
changelog version:
    {{python}} -m tests.changelog {{version}}
