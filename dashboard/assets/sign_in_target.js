/* The part of a page that a link leads to (#…) goes on with the sign-in: browsers keep it on the way here and
   tell it to no server. Pages without a sign-in are left alone. */

(function () {
  "use strict";

  const part = window.location.hash;
  if (!part) return;
  for (const target of document.querySelectorAll("input[name=next]")) target.value += part;
  const away = document.getElementById("oidc");
  if (away) away.href += encodeURIComponent(part);
})();
