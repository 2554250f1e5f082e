// Show and hide what is drawn for an optimizer in all panels of a figure.
for (const button of document.querySelectorAll(".legend button")) {
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    const own = `[id*="-${button.dataset.group}-"]`;
    for (const drawn of button.closest("figure").querySelectorAll(own)) drawn.style.display = shown ? "" : "none";
  });
}
// On paper everything is unfolded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details:not([open])")) folded.open = true;
});
