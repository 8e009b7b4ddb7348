// Keys work at once: as soon as its socket is open, the terminal of textual.js takes the focus.
addEventListener("DOMContentLoaded", () => {
  const focusTerminal = (_, observer) => {
    if (!document.body.classList.contains("-loaded")) return;
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea")?.focus();
  };
  new MutationObserver(focusTerminal).observe(document.body, { attributeFilter: ["class"] });
});
