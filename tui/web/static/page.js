"use strict";
// The page around the terminal of textual.js: its address, title and icon, the keys, and what may be set.

const ICONS = { true: "/page/live.svg", false: "/page/calls.svg" };
let socket = null; // of the terminal
let asked = 1; // how many addresses the tab was asked to show; what it says before it shows the last one is old
let answered = 0;

// Sends where the page is along with the terminal's own request, and takes what its tab says of itself.
window.WebSocket = class extends WebSocket {
  constructor(url) {
    super(`${url}&place=${encodeURIComponent(location.pathname + location.hash)}`);
    socket = this;
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const [type, told] = JSON.parse(data);
      if (type === "place") show(told);
    });
  }
};

const show = (place) => {
  if (place.answers < asked) return;
  const isAnswer = place.answers > answered; // the browser has gone there, so that there is nothing to go back to
  answered = place.answers;
  document.title = place.title;
  document.querySelector("link[rel=icon]").href = ICONS[place.is_live];
  const isElsewhere = location.pathname !== new URL(place.address, location).pathname;
  history[isElsewhere && !isAnswer ? "pushState" : "replaceState"](null, "", place.address);
  dispatchEvent(new CustomEvent("place", { detail: place }));
};

addEventListener("popstate", () => {
  asked += 1;
  socket?.send(JSON.stringify(["place", location.pathname + location.hash]));
});

addEventListener("DOMContentLoaded", () => {
  document.querySelector(".closed a").addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  // Keys work at once: as soon as its socket is open, the terminal takes the focus.
  const focusTerminal = (_, observer) => {
    if (!document.body.classList.contains("-loaded")) return;
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea")?.focus();
  };
  new MutationObserver(focusTerminal).observe(document.body, { attributeFilter: ["class"] });
});
