// What a browser keeps of the console: a page for when there is no connection, and news of calls when nothing is open.
"use strict";
const OFFLINE = "/console/static/offline.html";
const KEPT = [OFFLINE, "/console/static/console.css?offline", "/console/static/offline.js?offline"];
const STORE = "console-2", COPY = "courier";
const COURIER = "/console/courier";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(KEPT)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => ![STORE, COPY].includes(name)).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event, { pathname, search } = new URL(request.url);
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(async () => (pathname === COURIER && (await copy(COURIER))) || caches.match(OFFLINE)));
  else if (KEPT.includes(pathname + search)) event.respondWith(fetch(request).catch(() => caches.match(request)));
  else if (pathname.startsWith("/console/static/")) event.respondWith(fetch(request).catch(async (error) => (await copy(request)) ?? Promise.reject(error)));
});
// What the courier's list keeps of itself, for a phone that has lost its connection.
const copy = (about) => caches.match(about, { cacheName: COPY, ignoreVary: true });
self.addEventListener("push", (event) => {
  const words = event.data?.json() ?? {};
  const path = String(words.path ?? "").startsWith("/console/") ? words.path : "/console/";
  event.waitUntil(self.registration.showNotification(words.title ?? "میز پشتیبانی", { body: words.body ?? "", tag: words.tag ?? "console-calls", lang: "fa", dir: "rtl", data: { path } }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = event.notification.data?.path ?? "/console/";
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(([open]) => {
    if (!open) return self.clients.openWindow(path);
    if (path !== "/console/") open.navigate(path).catch(() => {});
    return open.focus();
  }));
});
