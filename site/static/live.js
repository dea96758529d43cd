// Brings the live figures to life: the model and the script of each are loaded when it comes near.
// Both are classic scripts, which a page that was opened from a folder may load too.
const trpobook = (window.trpobook = { scripts: {}, hold: (model) => held.set(document.currentScript.src, model) });
const held = new Map(), loading = new Map();

function load(address, place = document.head) {
  const url = new URL(address, document.baseURI).href;
  if (place === document.head && loading.has(url)) return loading.get(url);
  const loaded = new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(url);
    script.onerror = () => failed(new Error(`${address} could not be loaded`));
    place.append(script);
  });
  loading.set(url, loaded);
  return loaded;
}

async function wake(place) {
  const { figure, script, simulator } = place.dataset;
  if (simulator) {
    await load(simulator, place);
  } else {
    const [address] = await Promise.all([load(figure), load(script)]);
    const { PlainModel, render } = trpobook.scripts[script.split("/").pop()];
    render({ model: new PlainModel({ ...held.get(address) }), el: place });
  }
  place.dataset.alive = "";
}

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    wake(target);
  }
}, { rootMargin: "800px" });

function start() {
  // the theme calls the captions of its contents headings, and leaves out of which level
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
  for (const place of document.querySelectorAll(".trpobook-live")) near.observe(place);
  for (const box of document.querySelectorAll(".output, .formula, pre, .table-wrapper, .cell_output table")) reachable(box);
}

// What scrolls sideways can be reached by the keyboard.
function reachable(box) {
  if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible") box.tabIndex = 0;
}

// In a folder no page can read another, so the search lists titles alone.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
