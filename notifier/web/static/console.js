// What makes the console quicker than its forms: keys, the count in the title, a quiet sound. Everything works without it.
"use strict";
document.documentElement.classList.add("js");

const root = document.documentElement;
const SETTLES = 400; // ms in which nobody can mean what has only just come under their finger

// What changed under a hand takes no press for a moment: it was meant for what stood there before.
function settle(place = root) {
  place.classList.add("settling");
  clearTimeout(place.settles);
  place.settles = setTimeout(() => place.classList.remove("settling"), SETTLES);
}
const settling = (target) => root.classList.contains("loading") || Boolean(target.closest(".settling"));
// Who stays with one customer goes on at once.
const cardNow = () => document.querySelector("[data-card]")?.dataset.card ?? "";
const stays = cardNow() && sessionStorage.getItem("card") === cardNow();
if (!stays && !document.body.classList.contains("alone")) settle();
window.addEventListener("pagehide", () => sessionStorage.setItem("card", cardNow()));
window.addEventListener("pageshow", (event) => { if (event.persisted) settle(); });
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("main button, main .dial, #list a");
  if (!event.isTrusted || !pressed || !settling(pressed)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

const faDigits = (n) => String(n).replace(/\d/g, (d) => "۰۱۲۳۴۵۶۷۸۹"[d]);
let title = document.title;
const sound = document.getElementById("sound");
let audio = null;

function board() { return document.querySelector(".board"); }

let waiting = Number(board()?.dataset.waiting || 0);
function showCount() { document.title = waiting ? `(${faDigits(waiting)}) ${title}` : title; }
showCount();

function chime() {
  if (!audio || localStorage.getItem("sound") !== "on") return false;
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
  return true;
}

function press(on) {
  sound?.setAttribute("aria-pressed", String(on));
  localStorage.setItem("sound", on ? "on" : "off");
  if (on && !audio) audio = new AudioContext();
}

if (sound) {
  sound.setAttribute("aria-pressed", String(localStorage.getItem("sound") === "on"));
  sound.addEventListener("click", () => { press(sound.getAttribute("aria-pressed") !== "true"); chime(); });
}
// A browser plays nothing before the page was touched, by a finger or by a key.
for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, () => { if (localStorage.getItem("sound") === "on") press(true); }, { once: true });
}

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

// A time that lacks its day is asked for where it is chosen.
document.addEventListener("click", (event) => {
  const needs = event.target.closest("[data-needs]");
  if (!needs || needs.form.querySelector(`[name="${needs.dataset.needs}"]:checked`)) return;
  event.preventDefault();
  needs.form.querySelector("[data-missing]").hidden = false;
  needs.form.querySelector(`[name="${needs.dataset.needs}"]:not(:disabled)`)?.focus();
});
document.addEventListener("change", (event) => {
  if (event.target.name === "day") event.target.form.querySelector("[data-missing]").hidden = true;
});

document.addEventListener("click", (event) => {
  if (event.target.closest(".later")) document.getElementById("picker").open = true;
});

// What was opened over the page closes when one turns away from it.
const rest = document.querySelector("details.rest");
document.addEventListener("pointerdown", (event) => { if (rest?.open && !rest.contains(event.target)) rest.open = false; });
document.addEventListener("focusin", (event) => { if (rest?.open && !rest.contains(event.target)) rest.open = false; });

// A slip is taken back in place for a while; later its card takes it back.
const undoing = document.querySelector(".flash .undo");
if (undoing) {
  let left = 10;
  const ticking = setInterval(() => {
    if (undoing.matches(":hover, :focus-within") || (left -= 1) > 0) return;
    undoing.hidden = true;
    clearInterval(ticking);
  }, 1000);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

function step(by) {
  const calls = [...document.querySelectorAll("[data-call]")];
  if (!calls.length) return;
  const at = calls.indexOf(document.activeElement);
  const chosen = at >= 0 ? at : calls.findIndex((call) => call.hasAttribute("aria-current"));
  show(calls[Math.min(calls.length - 1, Math.max(0, chosen + by))]);
}

// The card is always that of the call which the keys are at.
let loading = null;
async function show(link) {
  const pane = document.querySelector(".card-pane");
  link.focus();
  if (!pane || !pane.offsetParent) return location.assign(link.href);
  document.querySelector("[data-call][aria-current]")?.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  loading?.abort();
  const mine = loading = new AbortController();
  root.classList.add("loading");
  try {
    const answer = await fetch(`${link.pathname}/card`, { headers: { "X-Console-Script": "1" }, signal: mine.signal });
    if (!answer.ok) return location.assign(link.href);
    pane.innerHTML = await answer.text();
    history.replaceState(null, "", link.href);
    title = `${pane.querySelector("[data-name]")?.dataset.name ?? ""} · ${title.split(" · ").at(-1)}`;
    showCount();
    document.dispatchEvent(new Event("console:card"));
    settle(pane);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(link.href);
  } finally {
    if (loading === mine) {
      loading = null;
      root.classList.remove("loading");
    }
  }
}

const latin = (key) => key.replace(/[۰-۹]/, (d) => "۰۱۲۳۴۵۶۷۸۹".indexOf(d));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (!rest?.open) return document.activeElement?.blur();
    rest.open = false;
    return rest.querySelector("summary").focus();
  }
  if (event.target.matches("input:not([type=radio]), textarea, select")) return;
  // The place of the key counts, not the letter: it works with a Persian keyboard too.
  const key = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.code === "Slash" ? "/" : latin(event.key);
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, textarea")) target.focus();
  else if (!settling(target) && !event.repeat) target.click();
});
