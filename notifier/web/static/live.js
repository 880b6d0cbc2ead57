// News of the service, over one stream a browser: the tab that leads tells the others.
"use strict";
(() => {
  const me = document.body.dataset.me;
  if (!me) return;
  const script = { headers: { "X-Console-Script": "1" } };
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`console-live:${me}`) : null;
  const offline = document.getElementById("offline");
  const known = { counts: null, connected: true };
  let leads = false;

  function tell(message) {
    heard(message);
    channel?.postMessage(message);
  }

  function heard(message) {
    if (message.hello && leads) channel.postMessage({ counts: known.counts, connected: known.connected });
    if (message.counts) showCounts(message.counts);
    if (message.changed) refresh();
    if (message.inbound) document.dispatchEvent(new CustomEvent("console:inbound", { detail: message.inbound }));
    if (message.ring && !leads && !document.hidden) chime();
    if (message.connected !== undefined) {
      known.connected = message.connected;
      if (offline) offline.hidden = message.connected;
      if (message.connected) document.dispatchEvent(new Event("console:connected"));
    }
  }

  function lead() {
    leads = true;
    const stream = new EventSource("/console/live");
    stream.addEventListener("open", () => tell({ connected: true }));
    stream.addEventListener("changed", () => tell({ changed: true }));
    stream.addEventListener("inbound", (event) => tell({ inbound: JSON.parse(event.data) }));
    stream.addEventListener("counts", (event) => {
      const counts = JSON.parse(event.data);
      rings(counts["/console/"]);
      tell({ counts });
    });
    stream.addEventListener("error", () => {
      tell({ connected: false });
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(lead, 3000);
      fetch("/console/counts", script).then((answer) => { if (answer.status === 401) document.dispatchEvent(new Event("console:expired")); }, () => {});
    });
  }

  // Rings when more calls wait than when it last looked, whichever tab that was.
  function rings(now) {
    const name = `waiting:${me}`, before = Number(localStorage.getItem(name) ?? now);
    localStorage.setItem(name, String(now));
    if (now <= before) return;
    if (!chime()) channel?.postMessage({ ring: true });
    if (!document.hidden || localStorage.getItem("notify") !== "on" || Notification.permission !== "granted") return;
    const words = { body: `${faDigits(now)} تماس منتظر شماست.`, tag: "console-calls", lang: "fa", dir: "rtl" };
    navigator.serviceWorker?.ready.then((worker) => worker.showNotification("میز پشتیبانی", words));
  }

  function showCounts(counts) {
    known.counts = counts;
    waiting = counts["/console/"];
    showCount();
    for (const [path, count] of Object.entries(counts)) {
      document.querySelectorAll(`.side nav a[href="${path}"], .tabs a[href="${path}"]`).forEach((link) => {
        let badge = link.querySelector(".badge");
        if (!badge) link.append(badge = Object.assign(document.createElement("b"), { className: "badge" }));
        badge.textContent = count ? faDigits(count) : "";
        badge.hidden = !count;
      });
    }
  }

  // The list and the card as they are now; nobody's focus, place or typing goes with the old ones.
  const refresh = oneAtATime(async () => {
    const list = document.getElementById("list");
    if (!list) return;
    const card = document.querySelector("[data-card]");
    const answer = await fetch(`/console/calls?chosen=${encodeURIComponent(card?.dataset.card ?? "")}`, script);
    if (answer.status === 401) return document.dispatchEvent(new Event("console:expired"));
    if (answer.ok) swapList(list, await answer.text());
    if (!card || root.classList.contains("loading")) return;
    const fresh = await fetch(`/console/calls/${encodeURIComponent(card.dataset.card)}/card?v=${card.dataset.v}`, script);
    if (fresh.ok && card.isConnected) swapCard(card, await fresh.text());
  });

  function oneAtATime(job) {
    let runs = false, again = false;
    return async () => {
      if (runs) return void (again = true);
      runs = true;
      try { do { again = false; await job(); } while (again); } catch { /* the stream says when it is back */ } finally { runs = false; }
    };
  }

  let listed = "";
  function swapList(list, html) {
    if (html === listed) return;
    listed = html;
    const at = document.activeElement, inside = list.contains(at);
    const mark = inside && (at.getAttribute("href") ? `a[href="${CSS.escape(at.getAttribute("href"))}"]` : `form[action="${CSS.escape(at.form?.getAttribute("action") ?? "")}"] button`);
    const [left, top] = [scrollX, scrollY], within = list.scrollTop;
    list.innerHTML = html;
    list.scrollTop = within;
    if (inside) (list.querySelector(mark) ?? list).focus({ preventScroll: true });
    scrollTo({ left, top, behavior: "instant" });
    settle(list);
  }

  function swapCard(card, html) {
    const holder = document.createElement("div");
    holder.innerHTML = html;
    const fresh = holder.querySelector("[data-card]");
    if (!fresh || fresh.dataset.v === card.dataset.v) return;
    const at = document.activeElement, inside = card.contains(at);
    const mark = inside && (at.id ? `#${CSS.escape(at.id)}` : at.dataset.key ? `[data-key="${at.dataset.key}"]` : "");
    const selected = at.matches("textarea") ? [at.selectionStart, at.selectionEnd] : null;
    const typed = card.querySelector("#note, #kept")?.value ?? "";
    const chosen = [...card.querySelectorAll("input[type=radio]:checked")].map((one) => `input[name="${one.name}"][value="${one.value}"]`);
    const open = [...card.querySelectorAll("details[open]")].map((one) => one.className);
    const [left, top] = [scrollX, scrollY];
    card.replaceWith(fresh);
    const note = fresh.querySelector("#note");
    if (note) note.value = typed || note.value;
    else if (typed) keep(fresh, typed);
    chosen.forEach((one) => { const found = fresh.querySelector(one); if (found) found.checked = true; });
    open.filter(Boolean).forEach((name) => fresh.querySelectorAll(`details.${name.split(" ")[0]}`).forEach((one) => { one.open = true; }));
    const again = mark && fresh.querySelector(mark);
    if (again) {
      again.focus({ preventScroll: true });
      if (selected && again.matches("textarea")) again.setSelectionRange(...selected);
    }
    scrollTo({ left, top, behavior: "instant" });
    settle(fresh);
    document.dispatchEvent(new Event("console:card"));
  }

  function keep(card, typed) {
    const label = Object.assign(document.createElement("label"), { htmlFor: "kept", textContent: "یادداشت شما، که ثبت نشده است" });
    const area = Object.assign(document.createElement("textarea"), { id: "kept", rows: 2, readOnly: true, value: typed });
    (card.querySelector(".meanwhile") ?? card).append(label, area);
  }

  document.addEventListener("console:refresh", refresh);
  if (channel) {
    channel.addEventListener("message", (event) => heard(event.data));
    channel.postMessage({ hello: true });
  }
  if (channel && navigator.locks) navigator.locks.request(`console-live:${me}`, () => new Promise(lead));
  else lead();

  const notify = document.getElementById("notify");
  if (notify && "Notification" in window && navigator.serviceWorker) {
    const show = () => notify.setAttribute("aria-pressed", String(Notification.permission === "granted" && localStorage.getItem("notify") === "on"));
    notify.hidden = Notification.permission === "denied";
    show();
    notify.addEventListener("click", async () => {
      const on = notify.getAttribute("aria-pressed") !== "true" && (await Notification.requestPermission()) === "granted";
      localStorage.setItem("notify", on ? "on" : "off");
      show();
      document.dispatchEvent(new CustomEvent("console:notify", { detail: on }));
    });
  }
  if (navigator.serviceWorker && isSecureContext) navigator.serviceWorker.register(document.body.dataset.worker, { scope: "/console/" }).catch(() => {});
})();
