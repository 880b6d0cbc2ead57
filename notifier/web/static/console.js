// What makes the console quicker than its forms: keys, the count in the title, a quiet sound. Everything works without it.
"use strict";
document.documentElement.classList.add("js");

const faDigits = (n) => String(n).replace(/\d/g, (d) => "۰۱۲۳۴۵۶۷۸۹"[d]);
const title = document.title;
const sound = document.getElementById("sound");
let audio = null;

function board() { return document.querySelector(".board"); }

function showCount() {
  const waiting = Number(board()?.dataset.waiting || 0);
  document.title = waiting ? `(${faDigits(waiting)}) ${title}` : title;
  return waiting;
}

function chime() {
  if (!audio || sound?.getAttribute("aria-pressed") !== "true") return;
  [[523.25, 0], [659.25, 0.16]].forEach(([pitch, after]) => {
    const tone = audio.createOscillator(), gain = audio.createGain(), at = audio.currentTime + after;
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.05, at + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.6);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.65);
  });
}

function press(on) {
  sound.setAttribute("aria-pressed", String(on));
  localStorage.setItem("sound", on ? "on" : "off");
  if (on && !audio) audio = new AudioContext();
}

if (sound) {
  sound.setAttribute("aria-pressed", String(localStorage.getItem("sound") === "on"));
  sound.addEventListener("click", () => { press(sound.getAttribute("aria-pressed") !== "true"); chime(); });
  // A browser plays nothing before the page was touched.
  document.addEventListener("pointerdown", () => { if (localStorage.getItem("sound") === "on") press(true); }, { once: true });
}

let before = showCount();
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "list") return;
  const now = showCount();
  if (now > before) chime();
  before = now;
});

// Nobody sends a form twice by an impatient second tap.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method === "post") {
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  }
});
window.addEventListener("pageshow", () => {
  document.documentElement.classList.remove("waiting");
  document.querySelectorAll("form").forEach((form) => delete form.dataset.sent);
});

// A page that is long in coming is seen to come.
function waits() {
  document.documentElement.classList.add("waiting");
  setTimeout(() => document.documentElement.classList.remove("waiting"), 15000);
}
document.addEventListener("submit", (event) => { if (!event.defaultPrevented) waits(); });
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const leaves = link && link.protocol === location.protocol && !link.hasAttribute("download") && !link.getAttribute("href").startsWith("#");
  if (leaves && !event.ctrlKey && !event.metaKey && !event.shiftKey) waits();
});

// Who hears of nothing is to know it.
const offline = document.getElementById("offline");
document.body.addEventListener("htmx:sseError", () => { if (offline) offline.hidden = false; });
document.body.addEventListener("htmx:sseOpen", () => { if (offline) offline.hidden = true; });

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

function step(by) {
  const calls = [...document.querySelectorAll("[data-call]")];
  if (!calls.length) return;
  const at = calls.indexOf(document.activeElement);
  const chosen = at >= 0 ? at : calls.findIndex((call) => call.hasAttribute("aria-current"));
  calls[Math.min(calls.length - 1, Math.max(0, chosen + by))].focus();
}

const latin = (key) => key.replace(/[۰-۹]/, (d) => "۰۱۲۳۴۵۶۷۸۹".indexOf(d));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return document.activeElement?.blur();
  if (event.target.matches("input:not([type=radio]), textarea, select")) return;
  // The place of the key counts, not the letter: it works with a Persian keyboard too.
  const key = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.code === "Slash" ? "/" : latin(event.key);
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, textarea")) target.focus();
  else target.click();
});
