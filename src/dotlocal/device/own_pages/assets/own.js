// Counts a probation down, and looks again while something is under way. By loading the page anew and never by asking
// behind its back: after a switch only a navigation shows what the browser thinks of the new certificate.
(function () {
  "use strict";
  var left = document.querySelector("[data-left]");
  var again = document.querySelector("[data-again]");

  function written(seconds) {
    var minutes = Math.floor(seconds / 60);
    return (minutes ? minutes + " min " : "") + (seconds % 60) + " s";
  }

  if (left) {
    var end = Date.now() + Number(left.dataset.left) * 1000;
    var timer = setInterval(function () {
      var seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
      left.textContent = written(seconds);
      if (!seconds) {
        clearInterval(timer);
        setTimeout(function () { location.replace("probation"); }, 5000);
      }
    }, 1000);
  }
  if (again) {
    setTimeout(function () { location.replace("busy"); }, Number(again.dataset.again) * 1000);
  }
})();
