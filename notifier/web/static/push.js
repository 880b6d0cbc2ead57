// Pushes to this very browser: switched on and off at one's own account, renewed at sign-in, stopped at sign-out.
"use strict";
(() => {
  const me = document.body.dataset.me, key = document.body.dataset.pushKey;
  const panel = document.getElementById("push"), name = `push:${me}`;
  const able = Boolean(me && key) && isSecureContext && "PushManager" in window && "Notification" in window && Boolean(navigator.serviceWorker);
  const say = (state) => panel?.querySelectorAll("[data-state]").forEach((one) => { one.hidden = one.dataset.state !== state; });
  if (!able) return say("unable");

  const token = () => document.querySelector('input[name="csrf"]')?.value ?? "";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const same = (one, two) => one && new Uint8Array(one).join() === two.join();

  async function post(path, fields, more = {}) {
    const body = new URLSearchParams({ csrf: token(), ...fields });
    const answer = await fetch(path, { method: "POST", body, headers: { "X-Console-Script": "1" }, ...more });
    if (!answer.ok) throw new Error(String(answer.status));
  }
  async function current() {
    return (await navigator.serviceWorker.ready).pushManager.getSubscription();
  }
  async function subscribe() {
    let found = await current();
    if (found && !same(found.options.applicationServerKey, bytes(key))) {
      await found.unsubscribe();
      found = null;
    }
    const manager = (await navigator.serviceWorker.ready).pushManager;
    found ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    const { endpoint, keys } = found.toJSON();
    await post("/console/me/push", { endpoint, p256dh: keys.p256dh, auth: keys.auth });
  }
  async function stop(more) {
    const found = await current();
    if (found) await post("/console/me/push/off", { endpoint: found.endpoint }, more);
    return found;
  }
  const isOn = () => localStorage.getItem(name) === "on" && Notification.permission === "granted";
  const show = () => say(Notification.permission === "denied" ? "denied" : isOn() ? "on" : "off");

  document.getElementById("push-on")?.addEventListener("click", async (event) => {
    event.target.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") return show();
      await subscribe();
      localStorage.setItem(name, "on");
      show();
    } catch { say("failed"); } finally { event.target.disabled = false; }
  });
  document.getElementById("push-off")?.addEventListener("click", async () => {
    try {
      await (await stop())?.unsubscribe();
      localStorage.setItem(name, "off");
      show();
    } catch { say("failed"); }
  });
  show();

  // After a new sign-in the account is another one to the service: the browser is made known to it again, once.
  if (isOn() && sessionStorage.getItem(name) !== token()) {
    subscribe().then(() => sessionStorage.setItem(name, token()), () => {});
  }
  // Who signs out here is not to be called here, whoever has the device next.
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches('form[action^="/console/logout"]') || event.defaultPrevented || !isOn()) return;
    event.preventDefault();
    const late = new Promise((resolve) => setTimeout(resolve, 2000));
    await Promise.race([stop({ keepalive: true }).catch(() => {}), late]);
    event.target.submit();
  });
})();
