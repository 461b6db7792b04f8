"""The demo's player: a video with a bar under it that shows the storyboard's tiles on hovering.

The index is parsed by the browser, as the cues of a `<track>`. A page opened as a file may not load
one from its folder; there the index stands in the page and becomes a track through a Blob.
"""

import html
import json
from typing import Final

STYLE: Final = """
.player { width: 640px; margin: 0; }
.player video { display: block; width: 640px; height: 360px; background: #000; }
.player .bar { position: relative; height: 28px; background: #d8d8d8; cursor: pointer; }
.player .bar div { position: absolute; pointer-events: none; }
.player .done { top: 0; left: 0; bottom: 0; width: 0; background: #00c878; }
.player .tile { display: none; bottom: 36px; outline: 3px solid #fff; background-color: #eee;
  box-shadow: 0 2px 12px 4px rgb(0 0 0 / .5); }
.player .at { display: none; bottom: 4px; padding: 0 6px; color: #fff; background: rgb(0 0 0 / .7);
  font: 13px/20px system-ui, sans-serif; transform: translateX(-50%); }
"""

SCRIPT: Final = """
for (const player of document.querySelectorAll(".player")) {
  const [video, bar] = [player.querySelector("video"), player.querySelector(".bar")];
  const [done, tile, at] = bar.children;
  const {index, base} = JSON.parse(player.querySelector("script").textContent);
  const track = document.createElement("track");
  track.kind = "metadata";
  track.src = base ? URL.createObjectURL(new Blob([index], {type: "text/vtt"})) : index;
  const home = new URL(base || index, location.href);
  video.append(track);
  track.track.mode = "hidden";  // loaded, not drawn

  function show(seconds) {
    const cue = [...track.track.cues].find(c => c.startTime <= seconds && seconds < c.endTime);
    if (!cue) return hide();
    const url = new URL(cue.text, home);
    const [x, y, width, height] = url.hash.replace("#xywh=", "").split(",").map(Number);
    url.hash = "";
    const middle = seconds / video.duration * bar.clientWidth;
    const left = Math.round(Math.min(Math.max(middle - width / 2, 0), bar.clientWidth - width));
    Object.assign(tile.style, {
      display: "block", left: left + "px", width: width + "px", height: height + "px",
      background: `url("${url}") -${x}px -${y}px`,
    });
    Object.assign(at.style, {display: "block", left: left + width / 2 + "px"});
    at.textContent = seconds.toFixed(1) + " s";
  }
  function hide() {
    tile.style.display = at.style.display = "none";
  }
  function secondsAt(event) {
    const box = bar.getBoundingClientRect();
    return (event.clientX - box.left) / box.width * video.duration;
  }
  bar.addEventListener("pointermove", event => show(secondsAt(event)));
  bar.addEventListener("pointerleave", hide);
  bar.addEventListener("click", event => { video.currentTime = secondsAt(event); });
  video.addEventListener("timeupdate", () => {
    done.style.width = 100 * video.currentTime / video.duration + "%";
  });
}
"""


def player(video: str, index: str, *, base: str = "") -> str:
    """The player's HTML; once after the last one a page needs `SCRIPT`, and in its head `STYLE`.

    `video` is a URL. `index` is the URL of a WebVTT index, or with `base` its text: then `base` is
    the URL that its references to sheets start from. Relative URLs start from the page.
    """
    # An index may be at another origin than the page: only then must a video be asked with CORS.
    told = json.dumps({"index": index, "base": base}).replace("<", "\\u003c")
    crossing = "" if base else ' crossorigin="anonymous"'
    return f"""<figure class="player">
<video src="{html.escape(video)}" controls muted playsinline preload="auto"{crossing}></video>
<div class="bar"><div class="done"></div><div class="tile"></div><div class="at"></div></div>
<script type="application/json">{told}</script>
</figure>"""
