// Fetches the page's changing part again and again; without JavaScript the whole page does so.
"use strict";

const PAUSE = 2000; // milliseconds
const summary = document.getElementById("summary");
const counts = document.getElementById("counts");

function show(text, trouble) {
  // Only what changes is read aloud.
  if (summary.textContent !== text) summary.textContent = text;
  summary.classList.toggle("trouble", trouble);
}

async function update() {
  try {
    const answer = await fetch("/state", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const state = await answer.json();
    show(state.summary, state.trouble);
    state.counts.forEach(([, value], at) => {
      counts.rows[at].cells[1].textContent = value;
    });
  } catch {
    show("This page's server does not answer; what is shown is old.", true);
  }
  setTimeout(update, PAUSE);
}

setTimeout(update, PAUSE);
