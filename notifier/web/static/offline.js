// Back to the page as soon as it can be had.
"use strict";
const again = () => fetch("/console/static/offline.js", { cache: "no-store" }).then(() => location.replace(location.href), () => {});
window.addEventListener("online", again);
setInterval(again, 3000);
