// Choosing many calls at once: those that are seen, or all there are.
"use strict";
document.querySelectorAll("[data-choose]").forEach((form) => {
  const every = form.querySelector("[data-every]"), all = form.querySelector("[data-all]");
  const calls = [...form.querySelectorAll("input[name=call]")];
  const follow = () => {
    const chosen = calls.filter((call) => call.checked).length;
    all.checked = chosen === calls.length;
    all.indeterminate = chosen > 0 && chosen < calls.length;
    all.disabled = every.checked;
    calls.forEach((call) => { call.disabled = every.checked; });
  };
  all.addEventListener("change", () => { calls.forEach((call) => { call.checked = all.checked; }); follow(); });
  form.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);
});
