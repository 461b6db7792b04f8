"""The application as a whole: it is light, and made without its neighbours being there."""

import json
import subprocess
import sys
from pathlib import Path

from api.app import make_app
from worker.settings import Settings

HEAVY = {"av", "cv2", "mediapipe", "numpy", "PIL", "pyvips", "simplejpeg"}


def test_importing_the_api_loads_no_media_library() -> None:
    script = (
        "import sys, json, api.app, api.server;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert HEAVY & set(json.loads(ran.stdout)) == set()


def test_making_the_app_loads_no_media_library(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    url = settings.redis.url.get_secret_value()
    file.write_text(f'[redis]\nurl = "{url}"\n[store]\nfolder = "{settings.store.folder}"\n')
    script = (
        "import sys, json; from api.app import make_app; from worker.settings import Settings;"
        "make_app(Settings.read());"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"FIRSTFRAME_CONFIG": str(file)},
    )

    assert HEAVY & set(json.loads(ran.stdout)) == set()


def test_the_app_can_be_made_without_redis(settings: Settings) -> None:
    assert make_app(settings).title == "Firstframe"
