// Parts with a module of their own: <figure data-module="/static/map.js?v=…"> is handed to that module's start(element), once.

function begin() {
  for (const each of document.querySelectorAll("[data-module]:not([data-begun])")) {
    const part = /** @type {HTMLElement} */ (each);
    part.dataset.begun = "";
    import(part.dataset.module ?? "").then((module) => module.start(part));
  }
}

for (const name of ["console:pane", "console:shown"]) document.addEventListener(name, begin);
begin();
