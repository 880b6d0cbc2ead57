// Nothing typed is lost: notes and texts are kept as they are typed, and what is sent waits for a connection.
"use strict";
(() => {
  const me = document.body.dataset.me;
  if (!me) return;
  const WEEK = 7 * 24 * 3600 * 1000, MOST = 50, EVERY = 5000;
  const ofDraft = (call) => `draft:${me}:${call}`, WAITING = `outbox:${me}`;
  const main = document.getElementById("main");

  function read(name, usual) {
    try { return JSON.parse(localStorage.getItem(name)) ?? usual; } catch { return usual; }
  }
  function write(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* full, or not allowed: it stays on the page */ }
  }

  const drafts = () => Object.keys(localStorage).filter((name) => name.startsWith("draft:")).map((name) => [name, read(name, {})]);
  drafts().sort((one, two) => (two[1].at ?? 0) - (one[1].at ?? 0)).forEach(([name, draft], place) => {
    if (place >= MOST || !(draft.at > Date.now() - WEEK)) localStorage.removeItem(name);
  });
  // A field that goes with what is typed: which version of a text is written anew, which sending of a message it is.
  const beside = (note) => note.form?.elements[note.dataset.draftWith];
  function restore(wanted = "textarea[data-draft]:not([hx-post])") {
    document.querySelectorAll(wanted).forEach((note) => {
      const draft = read(ofDraft(note.dataset.draft), null);
      // What a card came with, as after an undo, is older than what was typed over it.
      if (!draft?.text || note.value !== note.defaultValue || note.value === draft.text) return;
      note.value = draft.text;
      if (beside(note) && draft.beside) beside(note).value = draft.beside;
      const told = note.parentElement.querySelector("[data-drafted]");
      if (told) told.hidden = false;
      note.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  const settled = document.querySelector(".flash[data-about]")?.dataset.about;
  if (settled) localStorage.removeItem(ofDraft(settled));
  restore();
  window.addEventListener("load", () => restore("textarea[data-draft][hx-post]")); // its preview listens by then
  document.addEventListener("console:card", () => restore());
  document.addEventListener("input", (event) => {
    const call = event.target.dataset?.draft;
    if (!call) return;
    if (event.target.value) write(ofDraft(call), { text: event.target.value, beside: beside(event.target)?.value, at: Date.now() });
    else localStorage.removeItem(ofDraft(call));
  });
  document.addEventListener("click", (event) => {
    const leaves = event.target.closest("a[data-forget]");
    if (leaves) localStorage.removeItem(ofDraft(leaves.dataset.forget));
  });

  function notice(id, words, ...more) {
    document.getElementById(id)?.remove();
    const place = Object.assign(document.createElement("div"), { id, className: "notice warn above" });
    place.setAttribute("role", "status");
    place.append(Object.assign(document.createElement("span"), { textContent: words }), ...more);
    main.prepend(place);
    return place;
  }
  function button(words, does) {
    const one = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: words });
    one.addEventListener("click", does);
    return one;
  }
  function expired() {
    const link = Object.assign(document.createElement("a"), { href: location.pathname + location.search, className: "button small primary", textContent: "ورود" });
    const kept = document.querySelector("textarea[data-draft]")?.value ? " آنچه نوشته‌اید روی همین دستگاه مانده است." : "";
    notice("expired", `ورود شما منقضی شده است؛ دوباره وارد شوید.${kept}`, link);
  }
  document.addEventListener("console:expired", expired);
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) expired(); });

  const callOf = (action) => /\/calls\/([^/]+)\/outcome$/.exec(action)?.[1];
  const token = () => document.querySelector('input[name="csrf"]')?.value ?? "";

  function entryOf(form, submitter) {
    const fields = new FormData(form, submitter);
    fields.delete("csrf");
    const card = form.closest("[data-name]");
    const words = [...(submitter?.childNodes ?? [])].filter((one) => one.nodeName !== "KBD").map((one) => one.textContent).join("").trim();
    return { action: form.getAttribute("action"), body: [...fields].map(([name, value]) => [name, String(value)]), words, about: card?.dataset.name ?? "", at: Date.now() };
  }

  async function post(entry) {
    const body = new URLSearchParams([...entry.body, ["csrf", token()]]);
    return fetch(entry.action, { method: "POST", body, headers: { "X-Console-Script": "1" } });
  }

  // What an answer means for the page that sent it. False: it did not arrive, and waits.
  async function settleBy(answer, entry, here) {
    if ([502, 503, 504].includes(answer.status)) return false;
    if (answer.status !== 204) root.classList.remove("waiting");
    if (answer.status === 401) return expired(), true;
    const call = callOf(entry.action);
    if (answer.status === 204) {
      if (call) localStorage.removeItem(ofDraft(call));
      if (here) location.assign(answer.headers.get("X-Leads-To"));
      else document.dispatchEvent(new Event("console:refresh"));
      return true;
    }
    if (!here) {
      const link = Object.assign(document.createElement("a"), { href: entry.action.replace(/\/[^/]+$/, ""), textContent: "دیدن تماس" });
      notice("unsent", `«${entry.words}» برای ${entry.about} ثبت نشد؛ تماس را دوباره ببینید.`, link);
      return true;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    main.replaceChildren(...(page?.childNodes ?? []));
    settle();
    restore();
    document.querySelector('main [role="alert"]')?.scrollIntoView({ block: "nearest" });
    return true;
  }

  const waitingOnes = () => read(WAITING, []);
  function wait(entry) {
    write(WAITING, [...waitingOnes().filter((one) => one.action !== entry.action), entry].slice(-20));
    root.classList.remove("waiting");
    showWaiting();
  }
  function showWaiting() {
    const ones = waitingOnes();
    if (!ones.length) return document.getElementById("outbox")?.remove();
    const said = ones.map((one) => `«${one.words}»${one.about ? ` برای ${one.about}` : ""}`).join("، ");
    notice("outbox", `ارتباط قطع است. ${said} منتظر است و با وصل شدن خودش ارسال می‌شود.`, button("لغو", () => { write(WAITING, []); showWaiting(); }));
  }
  let sending = false;
  async function sendWaiting() {
    if (sending) return;
    sending = true;
    try {
      for (const entry of waitingOnes()) {
        const answer = await post(entry);
        const here = document.querySelector("[data-card]")?.dataset.card === callOf(entry.action);
        if (!(await settleBy(answer, entry, here))) break;
        if (answer.status === 401) break;
        write(WAITING, waitingOnes().filter((one) => one.at !== entry.at));
        showWaiting();
      }
    } catch { /* still away */ } finally { sending = false; }
  }
  showWaiting();
  sendWaiting();
  setInterval(() => { if (waitingOnes().length) sendWaiting(); }, EVERY);
  window.addEventListener("online", sendWaiting);
  document.addEventListener("console:connected", sendWaiting);

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("form[data-kept]")) return;
    event.preventDefault();
    const entry = entryOf(form, event.submitter);
    try {
      if (!(await settleBy(await post(entry), entry, true))) wait(entry);
    } catch {
      wait(entry);
    } finally {
      if (form.isConnected) delete form.dataset.sent;
    }
  });

  // Whoever dials has the call: nobody else is to dial the same customer meanwhile.
  document.addEventListener("click", async (event) => {
    const dial = event.target.closest("a[data-claim]");
    if (!dial || event.defaultPrevented) return;
    event.preventDefault();
    root.classList.remove("waiting");
    if (dial.dataset.busy) return;
    dial.dataset.busy = "1";
    const card = dial.closest("[data-card]");
    const entry = { action: dial.dataset.claim, body: [["v", card.dataset.v]], words: "برمی‌دارم", about: card.dataset.name, at: Date.now() };
    let answer = null;
    try { answer = await post(entry); } catch { /* the customer can be phoned all the same */ }
    delete dial.dataset.busy;
    if (answer && answer.status !== 204 && answer.status < 500) return settleBy(answer, entry, true);
    if (answer?.status === 204) document.dispatchEvent(new Event("console:refresh"));
    else notice("unclaimed", "ارتباط قطع است: شماره گرفته می‌شود، ولی تماس هنوز به نام شما برداشته نشده است.");
    location.href = dial.href;
  });
})();
