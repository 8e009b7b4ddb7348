"use strict";
// Listening in: the sound of the call that is shown, one leg or all of them. A call that has ended is a file for the browser's own player.
// A live one has no end yet, which some players refuse and others hold back for seconds, so its samples are played as they come.

const HEADER = 44; // bytes of a WAV's header; its rate is at 24
const LEAD_S = 0.4; // samples come in bunches; what is heard is so far behind them
const AHEAD_S = 3; // of a moment long ago they come at once; more than this is not kept

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// Plays a WAV as it comes, until it ends or is aborted; calls `begun` with the first sound.
const playStream = async (url, signal, begun) => {
  const context = new AudioContext();
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(await response.text());
    const reader = response.body.getReader();
    let bytes = new Uint8Array(0);
    let rate = 0;
    let at = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const joined = new Uint8Array(bytes.length + value.length);
      joined.set(bytes);
      joined.set(value, bytes.length);
      bytes = joined;
      if (!rate) {
        if (bytes.length < HEADER) continue;
        rate = new DataView(bytes.buffer).getUint32(24, true);
        bytes = bytes.slice(HEADER);
      }
      const count = bytes.length >> 1;
      if (!count) continue;
      const view = new DataView(bytes.buffer);
      const samples = Float32Array.from({ length: count }, (_, n) => view.getInt16(2 * n, true) / 32768);
      bytes = bytes.slice(2 * count);
      const buffer = context.createBuffer(1, count, rate);
      buffer.copyToChannel(samples, 0);
      const node = context.createBufferSource();
      node.buffer = buffer;
      node.connect(context.destination);
      if (at < context.currentTime) at = context.currentTime + LEAD_S;
      node.start(at);
      at += buffer.duration;
      begun(context);
      while (at - context.currentTime > AHEAD_S && !signal.aborted) await wait(0.1);
    }
    while (at > context.currentTime && !signal.aborted) await wait(0.1);
  } finally {
    context.close();
  }
};

addEventListener("DOMContentLoaded", () => {
  const player = document.querySelector(".player");
  const [legs, audio, said, live, line] = [".leg", "audio", ".said", ".live", ".from-line"].map((name) =>
    player.querySelector(name),
  );
  let place = { call: "", legs: [] };
  let stream = null; // ends what is heard of a live call

  const show = () => {
    player.hidden = !place.call;
    live.hidden = !place.is_live && !stream;
    live.textContent = stream ? "Stop listening" : "Listen live";
    line.disabled = place.is_live && place.position === null;
    audio.hidden = place.is_live;
  };

  const stop = () => {
    stream?.abort();
    stream = null;
    audio.pause();
    said.textContent = "";
    show();
  };

  const url = (second) => {
    const from = second === null ? "" : `&from=${second}`;
    return `/sound/${place.call}.wav?leg=${encodeURIComponent(legs.value)}${from}`;
  };

  const playLive = async (second) => {
    const mine = (stream = new AbortController());
    said.textContent = "Waiting for sound";
    show();
    try {
      await playStream(url(second), mine.signal, (context) => {
        if (stream === mine) said.textContent = context.state === "running" ? "Listening" : "Click Listen live";
      });
      if (stream === mine) stop();
    } catch (error) {
      if (stream !== mine) return;
      stop();
      said.textContent = "There is no sound";
    }
  };

  // Plays from a second on; of a live call without one from what comes now.
  const play = async (second) => {
    stop();
    if (place.is_live) return playLive(second);
    const wanted = url(null);
    if (!audio.src.endsWith(wanted)) audio.src = wanted;
    audio.currentTime = second ?? 0;
    try {
      await audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") said.textContent = "Press play";
      if (error.name === "NotSupportedError") said.textContent = "There is no sound";
    }
  };

  live.addEventListener("click", () => (stream ? stop() : play(null)));
  line.addEventListener("click", () => play(place.position));
  legs.addEventListener("change", () => {
    if (stream) play(null);
    else if (!audio.paused) play(audio.currentTime);
  });
  addEventListener("listen", ({ detail }) => {
    if (detail.call !== place.call) return;
    if (stream || !audio.paused) stop();
    else play(detail.position);
  });
  addEventListener("place", ({ detail }) => {
    const isOther = detail.call !== place.call;
    if (isOther) {
      stop();
      audio.removeAttribute("src");
    }
    const offered = JSON.stringify(place.legs);
    place = detail;
    if (JSON.stringify(place.legs) !== offered) {
      const chosen = isOther ? "" : legs.value;
      legs.replaceChildren(new Option("All legs", ""), ...place.legs.map(([label, name]) => new Option(name, label)));
      legs.value = place.legs.some(([label]) => label === chosen) ? chosen : "";
    }
    show();
  });
});
