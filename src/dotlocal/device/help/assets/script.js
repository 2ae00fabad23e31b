// Asks the probe whether this browser trusts the root. What is said stands in the page; this only chooses.
(function () {
  "use strict";
  var box = document.getElementById("state");
  if (!box || !box.dataset.port || !window.fetch || !window.AbortController) {
    return;
  }
  var patience = 6000;
  var asking = false;
  var state = "";

  function show(name) {
    state = name;
    box.querySelectorAll("[data-state]").forEach(function (each) {
      each.hidden = each.dataset.state !== name;
    });
  }

  function nonce() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (octet) {
      return octet.toString(16).padStart(2, "0");
    }).join("");
  }

  function probe(scheme, path) {
    var controller = new AbortController();
    var timer = setTimeout(function () { controller.abort(); }, patience);
    return fetch(scheme + "://" + location.hostname + ":" + box.dataset.port + path, {
      cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", signal: controller.signal
    }).then(function (answer) {
      return answer.ok ? answer.text() : "";
    }).catch(function () {
      return "";
    }).finally(function () {
      clearTimeout(timer);
    });
  }

  // The nonce comes back in the words of this probe: no portal, proxy or cache has answered in its place.
  function answered(text, word, sent) {
    var words = text.trim().split(" ");
    return words[0] === word && words[1] === sent ? words[2] || "yes" : "";
  }

  function provedBefore() {
    try {
      var before = Number(localStorage.getItem("dotlocal-proved")) || Date.now();
      localStorage.setItem("dotlocal-proved", String(before));
      return Date.now() - before > 86400000;
    } catch (blocked) {
      return false;
    }
  }

  function proved(token) {
    show("trusted");
    var insisted = box.dataset.hsts
      ? probe("https", "/insist/" + token + (provedBefore() ? "/again" : ""))
      : Promise.resolve();
    if (box.dataset.redirect) {
      insisted.then(function () { location.replace(box.dataset.redirect); });
    }
  }

  function look() {
    if (asking) {
      return;
    }
    asking = true;
    if (state !== "untrusted") {
      show("wait");
    }
    var sent = nonce();
    Promise.all([probe("https", "/" + sent), probe("http", "/" + sent)]).then(function (texts) {
      var token = answered(texts[0], "dotlocal-trusted", sent);
      asking = false;
      if (token) {
        proved(token);
      } else {
        show(answered(texts[1], "dotlocal-reached", sent) ? "untrusted" : "unknown");
      }
    });
  }

  box.querySelectorAll("button").forEach(function (button) {
    button.addEventListener("click", look);
  });
  // Whoever comes back from the system's settings sees at once whether it worked.
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && state !== "trusted") {
      look();
    }
  });
  look();
})();
