#!/usr/bin/env bash
# Make .venv: the locked packages by hash, this project, the face models, and what they need of
# the system. `make setup`, deploy/Dockerfile and .ci/run all use this. A second run takes a moment.
#
#   deploy/setup.sh             what developing and testing needs (requirements.lock)
#   deploy/setup.sh --runtime   only what running needs (deploy/runtime.lock), for images
#   deploy/setup.sh --vendors   the vendors' own clients, in .vendors (requirements-vendors.lock)
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=requirements.lock
environment=.venv
case "${1:-}" in
    --runtime) lock=deploy/runtime.lock ;;
    --vendors) lock=requirements-vendors.lock environment=.vendors ;;
esac

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Install Debian packages as root (`sudo -n` serves too), or say the line that does.
need_packages() {
    local line="apt-get update && apt-get install -y --no-install-recommends $*" sudo=
    command -v apt-get >/dev/null || fail "install what Debian calls: $*"
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    [ -z "$sudo" ] || $sudo true 2>/dev/null || fail "missing: $*; run as root: $line"
    say "installing $*"
    $sudo env DEBIAN_FRONTEND=noninteractive sh -c "{ $line; } >/dev/null" ||
        fail "this failed: $line"
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

# 3.11 is what is tested; 3.12 is in the lock but untested.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3 python3.12}; do
        case "$(version_of "$candidate")" in
            3.11) break ;;
            3.12) say "Python 3.12 is locked but untested; 3.11 is what is tested"; break ;;
            *) candidate= ;;
        esac
    done
    [ -n "$candidate" ] || fail "Python 3.11 is needed (Debian 12: apt-get install python3);" \
        "found ${PYTHON:-python3} $(version_of "${PYTHON:-python3}")"
    command -v "$candidate"
}

find_uv() {
    command -v uv && return
    if ! cmp -s deploy/tools.lock .tools/tools.lock; then
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            need_packages "python$(version_of "$python")-venv"
        say "installing uv into .tools"
        "$python" -m venv --clear .tools
        .tools/bin/python -m pip install --quiet --disable-pip-version-check \
            --require-hashes -r deploy/tools.lock >&2
        cp deploy/tools.lock .tools/tools.lock
    fi
    echo "$PWD/.tools/bin/uv"
}

# mediapipe opens these when it is imported; slim images lack them.
need_libraries() {
    [ "$(uname -s)" = Linux ] || return 0
    local open='import ctypes; [ctypes.CDLL(n) for n in ("libEGL.so.1", "libGLESv2.so.2")]'
    "$python" -c "$open" 2>/dev/null || need_packages libegl1 libgles2
}

# Install the lock's packages into the environment, and by what `$2` says what comes on top; not
# again while the lock, pyproject.toml and this script are the same.
install_packages() {
    local uv=$1 and_then=$2 stamp=$environment/.firstframe-setup state
    state=$(sha256sum "$lock" pyproject.toml deploy/setup.sh | sha256sum)
    # Another Python, or a folder that was moved: the old environment's programs would not start.
    { [ "$(version_of "$environment/bin/python")" = "$(version_of "$python")" ] &&
        grep -qsF "$PWD/$environment" "$environment/bin/activate"; } ||
        "$uv" venv --quiet --clear --python "$python" "$environment"
    [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && return
    rm -f "$stamp"
    say "installing the packages of $lock"
    # What builds a package that comes as source only is pinned by the same lock.
    "$uv" pip sync --quiet --python "$environment" --require-hashes --build-constraint "$lock" \
        --compile-bytecode "$lock"
    "$and_then" "$uv"
    echo "$state" > "$stamp"
}

install_project() {
    local uv=$1
    # setuptools comes with the lock, so that building this project needs no network.
    "$uv" pip install --quiet --python .venv --no-deps --no-build-isolation --no-index --editable .
    # An image's user may not write beside the source.
    .venv/bin/python -m compileall -q worker api
    # The first import of mediapipe makes matplotlib look at every font; do that now.
    .venv/bin/python -c 'import matplotlib.font_manager'
}

python=$(find_python)
uv=$(find_uv)
pip_settings=$("$python" deploy/pip_settings.py)
eval "$pip_settings"
export UV_PYTHON_DOWNLOADS=never
if [ "$environment" = .vendors ]; then
    install_packages "$uv" true
    say "ready: the vendors' clients in .vendors"
    exit
fi
need_libraries
install_packages "$uv" install_project
.venv/bin/python deploy/fetch_models.py --uv "$uv"
say "ready: .venv/bin/firstframe"
