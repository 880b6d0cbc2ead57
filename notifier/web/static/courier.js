// The courier's list on a phone: ticks can be taken back for a moment, wait for a connection, and are sent once.
"use strict";
(() => {
  const me = document.body.dataset.me, PAGE = "/console/courier", COPY = "courier";
  if (!me) return;
  const NAME = `ticks:${me}`, HELD = 10000, EVERY = 60000, MOST = 300, TRIES = 3;
  const door = () => document.getElementById("door");
  const fa = (text) => String(text).replace(/\d/g, (digit) => "۰۱۲۳۴۵۶۷۸۹"[digit]);
  const clock = (at) => fa(new Date(at).toLocaleTimeString("en-GB", { timeZone: "Asia/Tehran", hour: "2-digit", minute: "2-digit" }));
  const make = (tag, about, ...inside) => { const one = Object.assign(document.createElement(tag), about); one.append(...inside); return one; };

  // What the browser keeps, or where it may keep nothing this page alone.
  let here = [];
  function ticks() {
    try { here = JSON.parse(localStorage.getItem(NAME)) ?? []; } catch { /* as it was */ }
    return here;
  }
  function keep(all) {
    here = all.slice(-MOST);
    try { localStorage.setItem(NAME, JSON.stringify(here)); } catch { /* full, or not allowed: it stays on the page */ }
  }
  const drop = (id) => keep(ticks().filter((tick) => tick.id !== id));
  const change = (id, fields) => keep(ticks().map((tick) => (tick.id === id ? { ...tick, ...fields } : tick)));
  const isHeld = (tick) => !tick.refused && Date.now() - tick.at < HELD && Date.now() >= tick.at;

  function button(words, does) {
    const one = make("button", { type: "button", className: "small", textContent: words });
    one.addEventListener("click", does);
    return one;
  }
  function line(tick) {
    const held = isHeld(tick), of = `«${tick.words}»${tick.stopOnPage ? "" : ` برای ${tick.name}`}`;
    const said = tick.refused ? `${of} ثبت نشد: ${tick.refused}` : held ? `${of} ثبت می‌شود` : `${of}، ساعت ${clock(tick.at)}، منتظر ارسال است.`;
    const place = make("p", { className: `notice above ${tick.refused ? "bad" : "warn"}` }, make("span", { textContent: said }));
    place.dataset.waits = tick.id;
    place.setAttribute("role", tick.refused ? "alert" : "status");
    place.append(button(tick.refused ? "دیدم" : "بازگردانی", () => { drop(tick.id); show(); document.querySelector("#door [data-stop] button")?.focus({ preventScroll: true }); }));
    return place;
  }
  let shown = "";
  function show() {
    if (!door()) return;
    const all = ticks(), now = JSON.stringify(all.map((tick) => [tick.id, tick.refused ?? "", isHeld(tick)]));
    if (now === shown) return;
    shown = now;
    document.querySelectorAll("[data-waits]").forEach((one) => one.remove());
    for (const tick of all) {
      const stop = document.querySelector(`[data-stop="${CSS.escape(`${tick.source}:${tick.order}`)}"]`);
      tick.stopOnPage = Boolean(stop);
      (stop?.querySelector(".ticks") ?? document.getElementById("astray")).append(line(tick));
    }
  }
  const offline = (away) => { const place = document.getElementById("away"); if (place) place.hidden = !away; };
  const expired = () => { const place = document.getElementById("ended"); if (place) place.hidden = false; };

  // How it stands after a tick was taken: the list itself comes anew with the next look.
  function settled(tick, said) {
    const stop = document.querySelector(`[data-stop="${CSS.escape(`${tick.source}:${tick.order}`)}"]`);
    if (!stop) return;
    stop.dataset.state = said.state;
    const tag = stop.querySelector("[data-state-words]");
    if (tag) tag.textContent = said.words;
    stop.querySelectorAll("form[data-tick]").forEach((form) => { form.hidden = said.state === "delivered"; });
    stop.querySelector("details")?.removeAttribute("open");
  }

  const token = () => document.querySelector('input[name="csrf"]')?.value ?? "";
  async function post(tick) {
    const fields = { csrf: token(), tick: tick.id, source: tick.source, order: tick.order, what: tick.what, reason: tick.reason ?? "", at: tick.at, sent: Date.now() };
    const answer = await fetch(`${PAGE}/ticks`, { method: "POST", body: new URLSearchParams(fields), headers: { "X-Console-Script": "1" } });
    offline(false);
    const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
    if (said?.taken) { drop(tick.id); settled(tick, said); return true; }
    if (answer.status === 401) { expired(); return false; }
    if (said && answer.status < 500 && "says" in said) { change(tick.id, { refused: said.says }); return true; }
    if (answer.status === 403 || answer.status === 413) {
      const tries = (tick.tries ?? 0) + 1;
      change(tick.id, tries < TRIES ? { tries } : { refused: "پذیرفته نشد؛ صفحه را تازه کنید و دوباره بزنید." });
      await look();
    }
    return false;
  }
  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    const stuck = new Set();
    let done = 0;
    try {
      for (const tick of ticks()) {
        const about = `${tick.source}:${tick.order}`;
        if (tick.refused) continue;
        if (isHeld(tick) || stuck.has(about)) { stuck.add(about); continue; }
        if (!(await post(tick))) break;
        done += 1;
        show();
      }
    } catch { offline(true); } finally { sending = false; show(); }
    if (done) look();
  }

  let seen = door()?.textContent ?? "";
  // The list as it is now, also kept for when there is no connection.
  async function look() {
    const listed = door()?.dataset.today !== undefined;
    if (!listed) return;
    try {
      const answer = await fetch(PAGE, { headers: { Accept: "text/html" } });
      offline(false);
      document.getElementById("old").hidden = true;
      if (answer.redirected) { expired(); return forget(); }
      if (!answer.ok) return;
      const copy = answer.clone(), html = await answer.text();
      const fresh = new DOMParser().parseFromString(html, "text/html"), list = fresh.getElementById("door");
      if (!list) return;
      if ("caches" in window) {
        const store = await caches.open(COPY);
        await store.put(PAGE, copy);
        const files = [...document.querySelectorAll('link[rel="stylesheet"], link[rel="icon"], script[src]')].map((one) => one.href || one.src);
        for (const file of [...files, "/console/static/vendor/vazirmatn/vazirmatn.woff2"]) if (!(await store.match(file))) await store.add(file).catch(() => {});
      }
      const csrf = fresh.querySelector('input[name="csrf"]')?.value;
      if (csrf) document.querySelectorAll('input[name="csrf"]').forEach((one) => { one.value = csrf; });
      if (list.textContent === seen || door().querySelector("details[open]")) return;
      seen = list.textContent;
      const at = document.activeElement, stop = door().contains(at) ? at.closest("[data-stop]")?.dataset.stop : null;
      door().replaceWith(document.importNode(list, true));
      if (stop) document.querySelector(`[data-stop="${CSS.escape(stop)}"] :is(button, a)`)?.focus({ preventScroll: true });
      listen();
      shown = "";
      show();
    } catch {
      offline(true);
      document.getElementById("old").hidden = door().dataset.today >= new Date().toLocaleDateString("en-CA", { timeZone: "Asia/Tehran" });
    }
  }
  const forget = () => ("caches" in window ? caches.delete(COPY) : null);

  function listen() {
    door()?.addEventListener("submit", (event) => {
      const form = event.target;
      if (!form.matches("form[data-tick]")) return;
      event.preventDefault();
      event.stopPropagation();
      const fields = new FormData(form, event.submitter), stop = form.closest("[data-stop]");
      const source = fields.get("source"), order = fields.get("order"), what = fields.get("what");
      const waits = ticks().find((tick) => tick.source === source && tick.order === order && tick.what === what && !tick.refused);
      if (waits) return;
      const words = form.dataset.tick || event.submitter?.textContent.trim();
      const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      keep([...ticks(), { id, source, order, what, reason: fields.get("reason") ?? "", words, name: stop?.dataset.name ?? order, at: Date.now() }]);
      form.closest("details")?.removeAttribute("open");
      show();
    });
  }

  document.addEventListener("submit", (event) => { if (event.target.getAttribute("action")?.startsWith("/console/logout")) forget(); });
  if (door()) {
    listen();
  }
  show();
  look();
  send();
  setInterval(() => { show(); if (ticks().some((tick) => !tick.refused && !isHeld(tick)) && navigator.onLine) send(); }, 1000);
  setInterval(() => { if (!document.hidden) look(); }, EVERY);
  window.addEventListener("online", () => { send(); look(); });
  window.addEventListener("offline", () => offline(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { send(); look(); } });
  if (!navigator.onLine) offline(true);
  if (navigator.serviceWorker && isSecureContext) navigator.serviceWorker.register(document.body.dataset.worker, { scope: "/console/" }).catch(() => {});
})();
