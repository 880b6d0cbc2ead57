// A known customer calls the shop: a notice with the way to them, on every open page of whoever is on shift.
"use strict";
(() => {
  const shownFor = 60000; // ms
  const seen = new Set();
  let holder = null;

  document.addEventListener("console:inbound", (event) => {
    const call = event.detail;
    if (!call || seen.has(call.id) || !String(call.href).startsWith("/console/")) return;
    seen.add(call.id);
    show(call);
  });

  function show(call) {
    if (!holder) {
      holder = Object.assign(document.createElement("div"), { className: "inbound" });
      holder.setAttribute("role", "status");
      document.body.append(holder);
    }
    const notice = Object.assign(document.createElement("div"), { className: "notice" });
    const link = Object.assign(document.createElement("a"), { href: call.href });
    const phone = Object.assign(document.createElement("bdi"), { dir: "ltr", textContent: call.phone });
    link.append(`${call.name} زنگ می‌زند `, phone);
    const close = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: "بستن" });
    close.addEventListener("click", () => notice.remove());
    notice.append(link, close);
    holder.append(notice);
    setTimeout(() => notice.remove(), shownFor);
  }
})();
