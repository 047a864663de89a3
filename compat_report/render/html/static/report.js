// Filters, search, opening and copying. The page is whole without.
(() => {
  const COPIED = 1500;
  const find = (id) => document.getElementById(id);

  for (const figure of document.querySelectorAll("figure.code")) {
    // Browsers give the clipboard to secure contexts only.
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    const code = figure.querySelector("code").textContent;
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${code}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), COPIED);
    });
    figure.querySelector("figcaption").after(button);
  }

  const tools = find("tools");
  if (!tools) return;
  const search = find("q");
  const boxes = [...tools.querySelectorAll("input[type=checkbox]")];
  const notebooks = [...document.querySelectorAll("li.notebook")].map((item) => ({
    item,
    verdicts: item.dataset.verdicts.split(" "),
    words: item.dataset.words,
  }));
  const said = find("shown").textContent;
  tools.hidden = false;

  const apply = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const { item, verdicts, words } of notebooks) {
      const fits =
        verdicts.some((verdict) => chosen.has(verdict)) && wanted.every((word) => words.includes(word));
      item.hidden = !fits;
      shown += fits;
    }
    find("shown").textContent = shown === notebooks.length ? said : `${shown} of ${said} shown`;
    find("none").hidden = shown > 0 || notebooks.length === 0;
  };
  search.addEventListener("input", apply);
  for (const box of boxes) box.addEventListener("change", apply);
  apply();

  const turn = (open) => () => {
    for (const { item } of notebooks) if (!item.hidden) item.querySelector("details").open = open;
  };
  find("open").addEventListener("click", turn(true));
  find("close").addEventListener("click", turn(false));

  // A link to a notebook opens it, and what is printed is open.
  const arrive = () => {
    const item = location.hash.length > 1 && find(location.hash.slice(1));
    if (!item || !item.classList.contains("notebook")) return;
    item.hidden = false;
    item.querySelector("details").open = true;
    item.querySelector("summary").focus();
  };
  addEventListener("hashchange", arrive);
  addEventListener("beforeprint", turn(true));
  arrive();
})();
