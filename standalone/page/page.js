// Fetches the page again and again and puts in what has changed; without JavaScript the whole page
// is loaded anew. The server renders; nothing is made here.
"use strict";

const PAUSE = 2000; // milliseconds
const PARTS = "#summary, main > section, #as-of";

// What somebody is in the middle of stays as it is.
function busy(part) {
  return part.contains(document.activeElement) || part.querySelector("input:checked") !== null;
}

function say(text) {
  const summary = document.getElementById("summary");
  if (summary.textContent !== text) summary.textContent = text; // only what changes is read aloud
  summary.className = "trouble";
}

function put(fresh) {
  const wanted = [...fresh.querySelectorAll(PARTS)];
  const shown = [...document.querySelectorAll(PARTS)];
  if (wanted.map((each) => each.id).join() !== shown.map((each) => each.id).join()) {
    // Logged in or out elsewhere; or come here by a link, which a SameSite cookie does not follow.
    location.replace("/");
    return;
  }
  shown.forEach((part, at) => {
    if (part.innerHTML !== wanted[at].innerHTML && !busy(part)) {
      part.replaceChildren(...wanted[at].cloneNode(true).childNodes);
    }
    part.className = wanted[at].className;
  });
}

async function update() {
  try {
    const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.statusText);
    put(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    say("This page's server does not answer; what is shown is old.");
  }
  setTimeout(update, PAUSE);
}

setTimeout(update, PAUSE);
