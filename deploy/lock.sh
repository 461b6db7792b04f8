#!/usr/bin/env bash
# Resolve pyproject.toml into the lock files, with hashes and without the name of any registry.
# ARGS go to uv: `deploy/lock.sh --upgrade`, `deploy/lock.sh --upgrade-package av`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

uv=$(command -v uv || echo .tools/bin/uv)
eval "$(.venv/bin/python deploy/pip_settings.py)"

compile() {
    "$uv" pip compile --quiet --python .venv --universal --generate-hashes --no-header "$@" >/dev/null
}

compile pyproject.toml --all-extras --group dev --override overrides.txt -o requirements.lock "$@"
# The same versions without what only developing needs.
compile pyproject.toml --all-extras --override overrides.txt --constraint requirements.lock \
    --no-annotate -o deploy/runtime.lock
compile --group pyproject.toml:vendors -o requirements-vendors.lock "$@"
echo uv | compile - --no-annotate -o deploy/tools.lock
