/* Small conveniences on top of pages that work without them:
   a slider that follows its exact field and back, and buttons that cannot be pressed twice. */
"use strict";

function exactAmount(text) {
  return Number(text.replace(/[¥,，\s]/g, ""));
}

function bindSlider(slider) {
  const field = document.getElementById(slider.dataset.field);
  if (!field) return;
  const spoken = () => slider.setAttribute("aria-valuetext", "¥ " + Number(slider.value).toLocaleString("en-US"));
  slider.addEventListener("input", () => {
    field.value = slider.value;
    spoken();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => {
    const amount = exactAmount(field.value);
    if (Number.isFinite(amount) && document.activeElement !== slider) slider.value = amount;
    spoken();
  });
  spoken();
}

function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
}

function wakeForms() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
}

// The console's menu is open for readers without script; on a phone it would fill the screen.
if (window.matchMedia("(max-width: 63.99rem)").matches)
  document.querySelector(".console-nav details")?.removeAttribute("open");
document.querySelectorAll("input[type=range][data-field]").forEach(bindSlider);
document.addEventListener("submit", sendOnce);
window.addEventListener("pageshow", wakeForms);
document.querySelector(".error-summary")?.focus();
