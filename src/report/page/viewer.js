// The viewer of a page: its panels and controls, and what the page does with it.

// ---- Viewer ----

class Viewer {
  constructor(element) {
    this.element = element;
    this.images = [];
    this.overlays = [];
    /** Functions that bring the state to the controls. */
    this.shows = [];
    this.ready = this.start().catch(({ message }) => this.fail(message));
  }

  async start() {
    check(typeof DecompressionStream === "function", "This browser is too old to unpack them.");
    this.element.replaceChildren(make("p", { class: "note" }, "Unpacking the images …"));
    const script = document.getElementById(this.element.dataset.for);
    check(script, "Their data are missing.");
    const data = JSON.parse(script.textContent);
    check(Array.isArray(data?.layers), "“layers” is missing.");
    this.grid = new Grid(data);
    for (const record of data.layers) {
      const layer = await new Layer(record, this.grid).load(record.codes);
      (layer.over ? this.overlays : this.images).push(layer);
    }
    check(this.images.length > 0, "There is no layer of role “image”.");
    this.places = (data.places ?? []).filter(({ mm }) => numbers(mm, 3));
    const middle = this.grid.shape.map((count) => Math.floor(count / 2));
    this.home = numbers(data.start_mm, 3) ? this.grid.nearest(data.start_mm) : middle;
    this.reset();
    this.build();
    this.draw();
  }

  fail(message) {
    this.error = message;
    const text = `The images cannot be shown. ${message}`;
    this.element.replaceChildren(make("p", { class: "warning", role: "alert" }, text));
  }

  // State

  reset() {
    for (const layer of [...this.images, ...this.overlays]) layer.reset();
    const [image, other = image] = this.images;
    const [lastOverlay = null] = this.overlays;
    Object.assign(this, { cross: [...this.home], image, other, overlay: null, lastOverlay, turn: 0 });
    Object.assign(this, { flipped: false, held: false, linked: true, smooth: false });
    // The first image of every unit gives the others its window.
    for (const one of [...this.images].reverse()) this.setWindow(one.window, one);
  }

  /** Changes the state, and draws it once before the next frame. */
  change(action) {
    action();
    if (!this.waiting) requestAnimationFrame(() => this.draw());
    this.waiting = true;
  }

  /** The image on view: the chosen one, or that it is compared with. */
  get shown() { return this.flipped === this.held ? this.image : this.other; }
  place(axis, index) { this.cross[axis] = this.grid.inside(axis, index); }
  goTo(mm) { this.change(() => (this.cross = this.grid.nearest(mm))); }
  release() { if (this.held) this.change(() => (this.held = false)); }

  /** Chooses an image; if it was the one compared with, the two change places. */
  choose(image) {
    if (image === this.other) this.other = this.image;
    Object.assign(this, { image, flipped: false });
  }

  lay(overlay) {
    this.overlay = overlay;
    this.lastOverlay = overlay ?? this.lastOverlay;
  }

  /** Sets the window of an image, and where linked of all images of its unit. */
  setWindow([low, high], image = this.shown) {
    if (!(low < high)) return;
    const linked = ({ unit }) => this.linked && unit === image.unit;
    for (const one of this.images) if (one === image || linked(one)) one.window = [low, high];
  }

  stretch(factor) {
    const [low, high] = this.shown.window;
    this.setWindow([low, low + factor * (high - low)]);
  }

  /** The window's width follows the pointer to the right, its level follows it up. */
  windowing() {
    const [low, high] = this.shown.window;
    return (right, down) => {
      const half = ((high - low) / 2) * Math.exp(right / WINDOWING);
      const level = (low + high) / 2 - ((high - low) * down) / WINDOWING;
      this.change(() => this.setWindow([level - half, level + half]));
    };
  }

  // Page

  build() {
    const { shape } = this.grid;
    // Seen from the side, a single slice is a line.
    const planes = shape[2] > 1 ? PLANES : PLANES.slice(0, 1);
    this.panels = planes.map((plane) => new Slice(this, plane));
    if (shape[2] > 1) this.panels.push(new Projection(this, Math.max(...this.images.map((image) => image.radius()))));
    this.bars = [new ColourBar(), new ColourBar()];
    this.readout = make("p", { class: "readout", "aria-live": "polite" });
    this.element.replaceChildren(
      make("div", { class: "controls" }, ...this.layerControls()),
      make("div", { class: "bars" }, ...this.bars.map(({ element }) => element)),
      this.panelRow(),
      this.readout,
      make("div", { class: "controls" }, ...this.windowControls()),
      make("p", { class: "help" }, ...HELP.map(([key, what]) => make("span", {}, make("kbd", {}, key), ` ${what}`))),
      this.placeList(),
    );
  }

  /** The panels in a row; low ones one below the other beside the axial one, no higher than a screen. */
  panelRow() {
    const { panels, grid } = this;
    const widest = Math.max(...panels.map(({ width }) => width));
    const height = ((panels.length - 1) * grid.length(2)) / grid.length(1);
    const style = `--widest: ${widest}; --height: ${Math.max(height, 1)}`;
    const row = make("div", { class: "panels", style }, ...panels.map(({ figure }) => figure));
    row.classList.toggle("stacked", panels.length > 2 && height < 1.3);
    this.shows.push(() => row.classList.toggle("crisp", !this.smooth));
    // A bar of a round length, at the scale of all panels.
    const mm = roundStep(widest / 8);
    const length = `width: ${(100 * mm) / panels[0].width}%`;
    panels[0].frame.append(make("span", { class: "scale", style: length }, `${mm} mm`));
    return row;
  }

  /** A labelled control that shows what `get` returns and hides where that is undefined; `set` takes its value. */
  control(label, tag, attributes, get, set) {
    const input = make(tag, { "aria-label": label, ...attributes });
    const tick = attributes.type === "checkbox";
    const element = make("label", {}, ...(tick ? [input, label] : [label, input]));
    const take = () => this.change(() => set(tick ? input.checked : Number(input.value)));
    input.addEventListener(attributes.type === "range" ? "input" : "change", take);
    this.shows.push(() => {
      const value = get();
      element.hidden = value === undefined;
      if (value !== undefined) input[tick ? "checked" : "value"] = value;
    });
    return element;
  }

  select(label, layers, get, set) {
    const shown = () => (layers.length > 1 ? layers.indexOf(get()) : undefined);
    const element = this.control(label, "select", {}, shown, (n) => set(layers[n]));
    element.lastChild.append(...layers.map((layer, n) => make("option", { value: n }, layer?.name ?? "none")));
    return element;
  }

  layerControls() {
    const flipped = () => (this.images.length > 1 ? this.flipped : undefined);
    return [
      this.select("Image", this.images, () => this.image, (image) => this.choose(image)),
      this.select("Compare with", this.images, () => this.other, (image) => (this.other = image)),
      this.control("flip to it", "input", TICK, flipped, (on) => (this.flipped = on)),
      this.select("Overlay", [null, ...this.overlays], () => this.overlay, (overlay) => this.lay(overlay)),
      this.control("Opacity", "input", SHARE, () => this.overlay?.opacity, (part) => (this.overlay.opacity = part)),
      this.control("Threshold", "input", SHARE, () => this.overlay?.share, (part) => (this.overlay.share = part)),
    ];
  }

  windowControls() {
    const linked = () => (this.images.length > 1 ? this.linked : undefined);
    const link = (on) => {
      this.linked = on;
      this.setWindow(this.shown.window);
    };
    const button = make("button", { type: "button" }, "Reset");
    button.addEventListener("click", () => this.change(() => this.reset()));
    return [
      this.windowEnd("Window from", 0),
      this.windowEnd("to", 1),
      this.control("same window for all images of one unit", "input", TICK, linked, link),
      this.control("smooth pixels", "input", TICK, () => this.smooth, (on) => (this.smooth = on)),
      button,
    ];
  }

  windowEnd(label, end) {
    const get = () => {
      const [low, high] = this.shown.window;
      return Number(this.shown.window[end].toFixed(clamp(3 - decade(high - low), 0, 12)));
    };
    const set = (value) => this.setWindow(this.shown.window.map((old, n) => (n === end ? value : old)));
    const element = this.control(label, "input", { type: "number", step: "any" }, get, set);
    this.shows.push(() => (element.dataset.unit = this.shown.unit));
    return element;
  }

  placeList() {
    const list = make("ol", { class: "places", "aria-label": "Places" });
    for (const { mm, text } of this.places) {
      const button = make("button", { type: "button" }, text ?? `${mm.join(", ")} mm`);
      button.addEventListener("click", () => this.goTo(mm));
      list.append(make("li", {}, button));
    }
    list.hidden = this.places.length === 0;
    return list;
  }

  draw() {
    this.waiting = false;
    const layers = [this.shown, this.overlay].filter(Boolean);
    const shades = layers.map((layer) => [layer, colourTable(layer)]);
    for (const panel of this.panels) panel.draw(shades);
    this.bars.forEach((bar, n) => bar.draw(...(shades[n] ?? [])));
    for (const show of this.shows) show();
    const mm = this.cross.map((index, axis) => `${"xyz"[axis]} = ${rounded(this.grid.mm(axis, index), 0.1)}`);
    const values = layers.map((layer) => layer.text(this.cross));
    this.readout.textContent = [`${mm.join(", ")} mm`, `voxel [${this.cross.join(", ")}]`, ...values].join(" · ");
  }
}

// ---- Page ----

/** A row that names a place goes there, in the viewer of its section or else in the first one. */
async function linkRow(row, viewers) {
  const section = row.closest("section");
  const viewer = viewers.find(({ element }) => section?.contains(element)) ?? viewers[0];
  const mm = row.dataset.mm.split(",").map(Number);
  await viewer?.ready;
  if (!viewer || viewer.error || !numbers(mm, 3)) return;
  const go = () => {
    viewer.goTo(mm);
    viewer.element.scrollIntoView({ block: "nearest" });
  };
  row.tabIndex = 0;
  row.title = "Show in the images";
  row.addEventListener("click", go);
  row.addEventListener("keydown", (event) => event.key === "Enter" && go());
}

/** Paper cannot open what is folded away. */
function openDetailsInPrint() {
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
}

/** What other scripts of the page see of a viewer; null where it has failed. */
function outline(viewer) {
  const shown = () => viewer.image && viewer.shown;
  const layers = () => [...viewer.images, ...viewer.overlays];
  return {
    ready: viewer.ready,
    get error() { return viewer.error ?? null; },
    get crosshair() { return viewer.cross ? [...viewer.cross] : null; },
    get base() { return viewer.image?.name ?? null; },
    get shown() { return shown()?.name ?? null; },
    get overlay() { return viewer.overlay?.name ?? null; },
    get window() { return shown() ? [...shown().window] : null; },
    valueAt: (voxel, name) => layers().find((layer) => layer.name === name)?.at(voxel) ?? null,
  };
}

openDetailsInPrint();
const viewers = [...document.querySelectorAll(".viewer")].map((element) => new Viewer(element));
for (const row of document.querySelectorAll("tr[data-mm]")) linkRow(row, viewers);
window.coincideReport = { viewers: viewers.map(outline) };
