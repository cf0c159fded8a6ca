// Checks the SQL of every field marked `data-checked` while it is typed, and says below it whether it would run.
// `checkFields(root)` is called by the scripts of the tabs.
"use strict";

const CHECK_AFTER_MS = 400;

function checkFields(root) {
  for (const field of root.querySelectorAll("textarea[data-checked]")) {
    checkWhileTyping(field, document.getElementById(field.getAttribute("aria-describedby")));
  }
}

function checkWhileTyping(field, verdict) {
  let timer = 0;
  let running = null;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    running?.abort();
    show(verdict, "", "");
    if (field.value.trim() === "") return;
    timer = setTimeout(async () => {
      running = new AbortController();
      await check(field, verdict, running.signal);
    }, CHECK_AFTER_MS);
  });
}

async function check(field, verdict, signal) {
  try {
    const response = await fetch("/v1/validate", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql: field.value }),
      signal,
    });
    const said = await response.json();
    if (!response.ok) {
      show(verdict, "", said.error.message);
    } else if (said.valid) {
      show(verdict, "valid", `This would run. It reads ${said.tables.join(", ") || "no table"}.`);
    } else {
      show(verdict, "invalid", said.message);
    }
    field.setAttribute("aria-invalid", String(response.ok && !said.valid));
  } catch (error) {
    if (error.name !== "AbortError") show(verdict, "", "The SQL could not be checked: the API does not answer.");
  }
}

function show(verdict, kind, text) {
  verdict.className = `check ${kind}`;
  verdict.textContent = text;
}
