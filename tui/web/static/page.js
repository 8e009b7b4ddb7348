"use strict";
// The page around the terminal of textual.js: its address, title and icon, the keys, and what may be set.

const ICONS = { true: "/page/live.svg", false: "/page/calls.svg" };
const SIZES = { smallest: 8, narrow: 11, largest: 40, narrowWidth: 600 };

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
      if (type === "listen") dispatchEvent(new CustomEvent("listen", { detail: told }));
    });
  }
};

// Shows where the tab is: in the address, the title and the icon.
const show = (place) => {
  if (place.answers < asked) return;
  const isAnswer = place.answers > answered; // the browser has gone there, so that there is nothing to go back to
  answered = place.answers;
  document.title = place.title;
  document.querySelector("h1").textContent = place.title;
  document.querySelector("link[rel=icon]").href = ICONS[place.is_live];
  const isElsewhere = location.pathname !== new URL(place.address, location).pathname;
  history[isElsewhere && !isAnswer ? "pushState" : "replaceState"](null, "", place.address);
  dispatchEvent(new CustomEvent("place", { detail: place }));
};

// Has the tab show what the browser's address says.
const follow = () => {
  asked += 1;
  if (socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(["place", location.pathname + location.hash]));
  }
};

addEventListener("popstate", follow);

// Browsers may forbid to keep anything; then settings last as long as the page.
const recall = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};
const keep = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {}
};

const focusTerminal = () => document.querySelector(".xterm-helper-textarea")?.focus();

// The terminal is never a trap: Tab and Shift+Tab go to the page, as everywhere else; no key of the screen is a Tab.
addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Tab" && event.target.closest(".textual-terminal")) event.stopImmediatePropagation();
  },
  true,
);

addEventListener("DOMContentLoaded", () => {
  const element = document.querySelector(".textual-terminal");
  if (!new URLSearchParams(location.search).has("fontsize")) {
    const narrow = innerWidth < SIZES.narrowWidth ? SIZES.narrow : element.dataset.fontSize;
    element.dataset.fontSize = recall("font-size") ?? narrow;
  }
  document.querySelector(".closed a").addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });
  document.querySelector(".calls").addEventListener("click", (event) => {
    event.preventDefault();
    if (location.pathname !== "/") {
      history.pushState(null, "", "/");
      follow();
    }
    focusTerminal();
  });

  const resize = (step) => {
    const size = Number(element.terminal.options.fontSize) + step;
    if (size < SIZES.smallest || size > SIZES.largest) return;
    element.terminal.options.fontSize = size;
    keep("font-size", size);
    dispatchEvent(new Event("resize"));
  };
  document.querySelector(".smaller").addEventListener("click", () => resize(-1));
  document.querySelector(".larger").addEventListener("click", () => resize(1));
  const reader = document.querySelector(".reader");
  reader.checked = recall("screen-reader") === "yes";
  const setReader = () => {
    element.terminal.options.screenReaderMode = reader.checked;
    keep("screen-reader", reader.checked ? "yes" : "no");
  };
  reader.addEventListener("change", setReader);

  // Keys work at once: as soon as its socket is open, the terminal takes the focus.
  const begin = (_, observer) => {
    if (!document.body.classList.contains("-loaded")) return;
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea")?.setAttribute("aria-describedby", "keys");
    document.querySelector(".settings").hidden = !element.terminal; // another textual-serve
    if (reader.checked && element.terminal) setReader();
    new ResizeObserver(() => dispatchEvent(new Event("resize"))).observe(element);
    focusTerminal();
  };
  new MutationObserver(begin).observe(document.body, { attributeFilter: ["class"] });
});
