const codes = document.getElementById("codes");
const copy = document.getElementById("copy");
const print = document.getElementById("print");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", () =>
    navigator.clipboard.writeText(codes.innerText.trim()).then(
      () => (copy.textContent = "Copied"),
      () => getSelection().selectAllChildren(codes),
    ),
  );
}
print.hidden = false;
print.addEventListener("click", () => window.print());
