// The page: it starts the worker, and says when that or the whole tab is gone.

// The connection lives as long as the tab: when the tab's process dies, the server sees it end.
fetch("/alive");
const tell = (event) => fetch("/events", { method: "POST", body: JSON.stringify(event) });
const worker = new Worker("/worker.mjs", { type: "module" });
worker.onerror = (error) => tell({ kind: "died", reason: `the worker: ${error.message ?? error}` });
