// Keys for the tab Review: j and k move, a approves, e edits, r rejects, Escape leaves a field. They can be switched
// off, for people who speak to their computer; the browser remembers that.
"use strict";

const REMEMBERED = "auditune.keys";
const candidates = [...document.querySelectorAll(".candidate")];
const keys = offerKeys();

document.addEventListener("keydown", (event) => {
  const current = document.activeElement.closest(".candidate");
  const isTyping = document.activeElement.matches("textarea, input:not([type=checkbox])");
  if (event.key === "Escape" && isTyping && current) {
    current.focus();
  } else if (event.key === "Enter" && event.ctrlKey && isTyping && current) {
    press(current, "approve");
  } else if (keys?.checked && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    act(event, current);
  }
});

function act(event, current) {
  const place = candidates.indexOf(current);
  const actions = {
    j: () => candidates[Math.min(place + 1, candidates.length - 1)].focus(),
    k: () => candidates[Math.max(place - 1, 0)].focus(),
    a: () => press(current, "approve"),
    r: () => press(current, "reject"),
    e: () => current?.querySelector("textarea").focus(),
  };
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
}

function press(candidate, decision) {
  candidate?.querySelector(`button[value^="${decision} "]`).click();
}

function offerKeys() {
  const place = document.getElementById("keys");
  if (place === null) return null;
  place.className = "keys";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.id = "use-keys";
  box.checked = localStorage.getItem(REMEMBERED) !== "off";
  box.addEventListener("change", () => localStorage.setItem(REMEMBERED, box.checked ? "on" : "off"));
  const label = document.createElement("label");
  label.htmlFor = box.id;
  label.textContent = "Keys:";
  place.append(box, label);
  for (const [key, meaning] of [["j", "next"], ["k", "previous"], ["a", "approve"], ["e", "edit"], ["r", "reject"]]) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    const both = document.createElement("span");
    both.append(cap, ` ${meaning}`);
    place.append(both);
  }
  return box;
}

// After a decision the page comes back with the next candidate on top. The browser first goes to the fragment, which
// takes the focus away.
if (location.hash === "#queue") addEventListener("load", () => setTimeout(() => candidates[0]?.focus()));
