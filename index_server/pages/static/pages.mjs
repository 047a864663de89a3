// What a page does beyond being read: copy buttons, and Try it.

const COPIED = 1500;

for (const figure of document.querySelectorAll("figure.code")) {
  // Browsers give the clipboard to secure contexts only.
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  const what = figure.querySelector("figcaption").textContent;
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${what}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(figure.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), COPIED);
  });
  figure.querySelector("figcaption").after(button);
}

const section = document.getElementById("try");
if (section) tryIt(section);

function tryIt(section) {
  const find = (id) => section.querySelector(`#${id}`);
  const [code, runtime, run, stop] = ["code", "runtime", "run", "stop"].map(find);
  const [phases, state, output] = ["phases", "state", "output"].map(find);
  const root = new URL(section.dataset.root, location.href);
  // A worker that has the runtime and the wheel is kept for the next run.
  let worker = null;
  let ready = "";
  let running = false;
  let clock = 0;

  const write = (kind, text) => {
    const part = document.createElement("span");
    part.className = kind;
    part.textContent = text;
    output.append(part);
    output.hidden = false;
    output.scrollTop = output.scrollHeight;
  };
  const settle = (seconds) => {
    clearInterval(clock);
    const phase = phases.lastElementChild;
    if (!phase || phase.className !== "now") return;
    phase.className = "done";
    if (seconds !== undefined) phase.lastElementChild.textContent = `${seconds.toFixed(2)} s`;
  };
  const begin = (text) => {
    settle((performance.now() - begin.at) / 1000);
    begin.at = performance.now();
    const phase = document.createElement("li");
    const [name, seconds] = [document.createElement("span"), document.createElement("span")];
    name.textContent = text;
    phase.className = "now";
    phase.append(name, " ", seconds);
    phases.append(phase);
    const tick = () => (seconds.textContent = `${((performance.now() - begin.at) / 1000).toFixed(1)} s`);
    tick();
    clock = setInterval(tick, 100);
    state.textContent = text;
  };
  const end = (outcome, words) => {
    settle((performance.now() - begin.at) / 1000);
    running = false;
    run.disabled = false;
    stop.disabled = true;
    section.dataset.outcome = outcome;
    state.textContent = words;
  };
  const dismiss = () => {
    if (worker) {
      // What a runtime that is cut off still says is not for the next run.
      worker.onmessage = null;
      worker.onerror = (event) => event.preventDefault();
      worker.terminate();
    }
    worker = null;
    ready = "";
  };
  const failed = (text) => {
    if (!running) return;
    dismiss();
    write("error", `${text}\n`);
    end("failed", "It failed.");
  };

  const told = {
    phase: ({ text }) => begin(text),
    out: ({ text }) => write("out", text),
    err: ({ text }) => write("err", text),
    ready: ({ key }) => (ready = key),
    result: ({ text }) => write("result", `${text}\n`),
    exception: ({ text }) => write("error", text),
    ended: ({ outcome }) => end(outcome, outcome === "done" ? "It has run." : "It raised an exception."),
    failed: ({ text }) => failed(text),
  };

  const start = () => {
    if (running) return;
    const chosen = runtime.selectedOptions[0];
    const key = `${chosen.value} ${chosen.dataset.path}`;
    if (worker && ready !== key) dismiss();
    if (!worker) {
      worker = new Worker(section.dataset.worker, { type: "module" });
      worker.onmessage = ({ data }) => told[data.kind]?.(data);
      worker.onerror = (event) => failed(`The worker did not start: ${event.message ?? "see the console"}`);
    }
    phases.replaceChildren();
    output.replaceChildren();
    output.hidden = true;
    delete section.dataset.outcome;
    running = true;
    run.disabled = true;
    stop.disabled = false;
    worker.postMessage({
      key,
      code: code.value,
      release: chosen.textContent.split(",")[0],
      runtime: new URL(`r/${chosen.value}/runtime/`, root).href,
      snippet: new URL(section.dataset.snippet, location.href).href,
      index: new URL(`${chosen.dataset.path.slice(1)}/simple`, root).href,
      project: section.dataset.project,
      version: chosen.dataset.version,
    });
  };

  section.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  stop.addEventListener("click", () => {
    dismiss();
    write("error", "Stopped.\n");
    end("stopped", "Stopped.");
    run.focus();
  });
  edit(code, start);
}

// Tab indents until Escape is pressed: then it leaves, so that the keyboard is not caught.
function edit(code, start) {
  let leaving = false;
  const insert = (text) => document.execCommand("insertText", false, text);
  const lineBefore = () => code.value.slice(0, code.selectionStart).split("\n").at(-1);
  code.addEventListener("blur", () => (leaving = false));
  code.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      start();
    } else if (event.key === "Escape") {
      leaving = true;
    } else if (event.key === "Tab" && !event.shiftKey && !leaving) {
      event.preventDefault();
      insert(" ".repeat(4 - (lineBefore().length % 4)));
    } else if (event.key === "Enter" && !event.shiftKey) {
      const line = lineBefore();
      event.preventDefault();
      insert(`\n${/^ */.exec(line)[0]}${/:\s*$/.test(line) ? "    " : ""}`);
    } else if (event.key === "Backspace" && code.selectionStart === code.selectionEnd) {
      const line = lineBefore();
      if (!/^ +$/.test(line)) return;
      event.preventDefault();
      code.setSelectionRange(code.selectionStart - ((line.length - 1) % 4) - 1, code.selectionEnd);
      document.execCommand("delete");
    } else if (event.key !== "Shift" && event.key !== "Tab") {
      leaving = false;
    }
  });
}
