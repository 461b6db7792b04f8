"""Tell uv what pip is told: print pip's index, certificate and proxy settings as uv's variables.

uv does not read pip's files or `PIP_` variables. A machine whose pip reaches a registry through a
mirror or a company certificate should need no second configuration. Standard library only: this
runs before anything is installed.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from pathlib import Path

# pip's option -> uv's variable, and what joins several values (None: only one is allowed).
_VARIABLES: dict[str, tuple[str, str | None]] = {
    "index-url": ("UV_DEFAULT_INDEX", None),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", None),
    "client-cert": ("SSL_CLIENT_CERT", None),
    "proxy": ("ALL_PROXY", None),
    "timeout": ("UV_HTTP_TIMEOUT", None),
}
_OLD_NAMES = {"default-timeout": "timeout", "pypi-url": "index-url"}
_SECTIONS = ("global", "install")


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """pip's files, the strongest last; `PIP_CONFIG_FILE=/dev/null` means none."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return []
    home = Path(environ.get("HOME", "/"))
    shared = environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    files = [Path(folder) / "pip" / "pip.conf" for folder in reversed(shared) if folder]
    files += [Path("/etc/pip.conf"), home / ".pip" / "pip.conf"]
    files.append(Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf")
    if environ.get("PIP_CONFIG_FILE"):
        files.append(Path(environ["PIP_CONFIG_FILE"]))
    return files


def pip_options(environ: Mapping[str, str], files: list[Path]) -> dict[str, str]:
    """pip's options by their long names: files in order, then `PIP_` variables over them."""
    found: dict[str, str] = {}
    parser = RawConfigParser()
    parser.read(files, encoding="utf-8")
    for section in _SECTIONS:
        if parser.has_section(section):
            found |= dict(parser.items(section))
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            found[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return {_OLD_NAMES.get(name, name).replace("_", "-"): value for name, value in found.items()}


def uv_variables(environ: Mapping[str, str], options: Mapping[str, str]) -> dict[str, str]:
    """uv's variables for pip's options; one that is set already is left alone."""
    variables: dict[str, str] = {}
    for option, (name, joiner) in _VARIABLES.items():
        values = options.get(option, "").split()
        if values and name not in environ:
            variables[name] = values[0] if joiner is None else joiner.join(values)
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        variables["UV_NO_INDEX"] = "1"
    if "UV_INDEX" in variables and "UV_INDEX_STRATEGY" not in environ:
        # As pip does: every index is asked. Safe here, because every file is checked by hash.
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return variables


def main() -> int:
    """Print one `export` line for each variable, for a shell to read."""
    try:
        options = pip_options(os.environ, config_files(os.environ))
    except (Error, OSError, UnicodeDecodeError) as unreadable:
        sys.stderr.write(f"pip's configuration cannot be read: {unreadable}\n")
        return 1
    for name, value in uv_variables(os.environ, options).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
