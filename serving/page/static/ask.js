// Makes the tab Ask smoother where JavaScript runs: the forms are sent without leaving the page, which stays usable
// while the model works. Without this script the same forms work as plain forms.
"use strict";

const ask = document.getElementById("ask");
const question = document.getElementById("question");
const progress = document.getElementById("progress");
const answer = document.getElementById("answer");

ask.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = ask.querySelector("button");
  button.disabled = true;
  progress.textContent = "Asking the model …";
  const page = await send(ask);
  progress.textContent = "";
  button.disabled = false;
  if (page === null) return;
  for (const id of ["messages", "answer", "history"]) take(page, id);
  enhance();
  document.title = page.title;
  answer.querySelector("h2")?.focus();
});

// Enter asks; Shift+Enter begins a new line. While an input method composes a character, Enter belongs to it.
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask.requestSubmit();
});

function enhance() {
  checkFields(answer);
  for (const statement of answer.querySelectorAll(".statement")) offerCopy(statement);
  for (const form of answer.querySelectorAll("form")) form.addEventListener("submit", sendVerdict);
  for (const past of document.querySelectorAll(".history li")) offerAgain(past);
}

async function sendVerdict(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const page = await send(form, event.submitter);
  if (page === null) return;
  const said = page.getElementById("messages");
  form.querySelector(".said")?.remove();
  said.removeAttribute("id");
  said.className = "said";
  if (said.querySelector(".problem")) {
    form.append(said);
  } else {
    for (const element of answer.querySelectorAll("form.verdict, details.correct, form.correction")) element.remove();
    answer.querySelector("section").append(said);
    said.tabIndex = -1;
    said.focus();
  }
}

// Sends a form as the browser would; returns the page that came back, or null where none did.
async function send(form, submitter) {
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { accept: "text/html" },
      body: new URLSearchParams(new FormData(form, submitter)),
    });
    if (response.status === 401) location.assign("/"); // the key was revoked: the page asks for another
    if (!response.headers.get("content-type").startsWith("text/html")) return tell("The API failed: try again shortly.");
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return tell("The API does not answer: try again shortly.");
  }
}

function tell(text) {
  const problem = document.createElement("p");
  problem.className = "problem";
  problem.setAttribute("role", "alert");
  problem.textContent = text;
  document.getElementById("messages").replaceChildren(problem);
  return null;
}

function take(page, id) {
  const fresh = page.getElementById(id);
  document.getElementById(id).replaceChildren(...(fresh ? fresh.childNodes : []));
}

function offerCopy(statement) {
  if (!navigator.clipboard) return; // without TLS browsers have it on this machine's own address alone
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy the SQL");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(statement.dataset.sql);
    button.textContent = "Copied";
  });
  statement.append(button);
}

// A stored question may hold pseudonyms, so it is put into the field for a person to read before it is asked.
function offerAgain(past) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Put into the field";
  button.addEventListener("click", () => {
    question.value = past.querySelector(".past").textContent;
    question.focus();
  });
  past.querySelector("details").append(button);
}

enhance();
