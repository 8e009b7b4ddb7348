"use strict";
// The page around the terminal of textual.js: its address, title and icon, the keys, and what may be set.

const ICONS = { true: "/page/live.svg", false: "/page/calls.svg" };
const SIZES = { smallest: 8, narrow: 11, usual: 16, largest: 40, narrowWidth: 600, bar: 30 };

const ROWS_A_TURN = 2; // by which the screen scrolls for one turn of the wheel

let socket = null; // of the terminal
let asked = 1; // how many addresses the tab was asked to show; what it says before it shows the last one is old
let answered = 0;

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

const given = new URLSearchParams(location.search).get("fontsize");
const chooseFontSize = () => given ?? recall("font-size") ?? (innerWidth < SIZES.narrowWidth ? SIZES.narrow : SIZES.usual);

// The terminal's size before there is one: what it was in a window like this, else about what it will be.
const describeWindow = (fontSize) => `${innerWidth}x${innerHeight}@${fontSize}`;
const guessSize = () => {
  const [like, ...size] = (recall("size") ?? "").split(" ");
  const font = Number(chooseFontSize());
  if (like === describeWindow(font)) return size;
  const cells = [(innerWidth * devicePixelRatio) / Math.floor(font * 0.6 * devicePixelRatio), (innerHeight - SIZES.bar) / Math.round(font * 1.32)];
  return cells.map((count) => Math.max(1, Math.floor(count)));
};

// Where a telephone is emulated, the exact size of a canvas is told in other pixels than it is drawn with, and the terminal would draw a
// part of the screen, too large; it does without where the two do not agree.
window.ResizeObserver = class extends ResizeObserver {
  #isExact = false;

  constructor(callback) {
    super((entries, observer) => {
      const fit = entries.filter((entry) => !this.#isExact || agrees(entry));
      if (fit.length) callback(fit, observer);
    });
  }

  observe(target, options) {
    this.#isExact ||= [options?.box].flat().includes("device-pixel-content-box");
    super.observe(target, options);
  }
};
const agrees = ({ contentRect, devicePixelContentBoxSize: exact }) =>
  !exact || Math.abs(exact[0].inlineSize - contentRect.width * devicePixelRatio) < 2;

// Sends where the page is along with the terminal's own request, and takes what its tab says of itself.
class PlaceSocket extends WebSocket {
  #come = []; // what waits for the terminal to listen

  constructor(url, isEarly = false) {
    super(`${url}&place=${encodeURIComponent(location.pathname + location.hash)}`);
    this.binaryType = "arraybuffer";
    if (isEarly) for (const type of ["open", "message", "close"]) this.addEventListener(type, (event) => this.#hold(event));
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const [type, told] = JSON.parse(data);
      if (type === "place") show(told);
      if (type === "listen") dispatchEvent(new CustomEvent("listen", { detail: told }));
    });
  }

  #hold(event) {
    if (this.#come === null) return;
    event.stopImmediatePropagation();
    this.#come.push(event);
  }

  release() {
    const come = this.#come;
    this.#come = null;
    for (const { type, data } of come) this.dispatchEvent(type === "message" ? new MessageEvent(type, { data }) : new Event(type));
  }
}

// The tab begins to draw while the terminal's script is still being read. The terminal gets its socket, and what has come by it, once it
// asks for one; its true size is the first thing that it sends.
const [width, height] = guessSize();
let early = new PlaceSocket(`ws://${location.host}/ws?width=${width}&height=${height}`, true);

window.WebSocket = class extends PlaceSocket {
  constructor(url) {
    if (early === null) {
      super(url);
      socket = this;
      return;
    }
    socket = early;
    early = null;
    queueMicrotask(() => socket.release()); // once the terminal listens
    return socket;
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

// A finger scrolls as a wheel does: the terminal leaves fingers to the screen, which sees none.
const scrollByFinger = (element) => {
  let last = null; // where the finger was when it scrolled last
  element.addEventListener("touchstart", ({ touches }) => (last = touches.length === 1 ? touches[0].clientY : null), { passive: true });
  element.addEventListener(
    "touchmove",
    (event) => {
      if (last === null || event.touches.length !== 1) return;
      event.preventDefault();
      const [{ clientX, clientY }] = event.touches;
      const step = (ROWS_A_TURN * element.querySelector(".xterm-screen").clientHeight) / element.terminal.rows;
      for (; Math.abs(last - clientY) >= step; last -= Math.sign(last - clientY) * step) {
        const turn = { bubbles: true, cancelable: true, clientX, clientY, deltaMode: WheelEvent.DOM_DELTA_LINE };
        element.querySelector(".xterm-screen").dispatchEvent(new WheelEvent("wheel", { ...turn, deltaY: Math.sign(last - clientY) }));
      }
    },
    { passive: false },
  );
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
  if (given === null) element.dataset.fontSize = chooseFontSize();
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
    const { terminal } = element;
    const keepSize = () => keep("size", `${describeWindow(terminal.options.fontSize)} ${terminal.cols} ${terminal.rows}`);
    terminal?.onResize(keepSize);
    if (terminal) keepSize();
    if (terminal) scrollByFinger(element);
    new ResizeObserver(() => dispatchEvent(new Event("resize"))).observe(element);
    focusTerminal();
  };
  new MutationObserver(begin).observe(document.body, { attributeFilter: ["class"] });
});
