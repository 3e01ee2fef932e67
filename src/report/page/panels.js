// Pictures of layers, and the panels that they stand in.

// ---- Pictures ----

/** An element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Red, green, blue and opacity of all shades; overlays fade in from their zero. */
function colourTable(layer) {
  const stops = COLOURS[layer.colours];
  const table = new Float32Array(4 * SHADES);
  for (let shade = 0; shade < SHADES; shade++) {
    const t = shade / (SHADES - 1);
    const stop = Math.min(Math.floor(t * (stops.length - 1)), stops.length - 2);
    const part = t * (stops.length - 1) - stop;
    for (let c = 0; c < 3; c++) table[4 * shade + c] = stops[stop][c] * (1 - part) + stops[stop + 1][c] * part;
    const strength = layer.signed ? Math.abs(2 * t - 1) : t;
    table[4 * shade + 3] = layer.opacity * (layer.over ? Math.min(1, 3 * strength) : 1);
  }
  return table;
}

/** A canvas with one pixel per value, which the page scales. */
class Picture {
  constructor(columns, rows) {
    this.canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
    // The tests of a page read pixels back.
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.image = this.context.createImageData(columns, rows);
  }

  /** Paints layers over each other, each with its values and colours; overlays up to their threshold are not seen. */
  paint(layers) {
    const pixels = this.image.data.fill(255);
    for (const [layer, values, table] of layers) {
      const { threshold, window: [low, high] } = layer;
      for (let n = 0; n < values.length; n++) {
        if ((layer.signed ? Math.abs(values[n]) : values[n]) <= threshold) continue;
        const shade = 4 * Math.round(clamp((values[n] - low) / (high - low), 0, 1) * (SHADES - 1));
        for (let c = 0; c < 3; c++) pixels[4 * n + c] += table[shade + 3] * (table[shade + c] - pixels[4 * n + c]);
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

/** Name, colours and ticks of a layer. */
class ColourBar {
  constructor() {
    this.picture = new Picture(SHADES, 1);
    this.name = make("strong");
    this.ticks = make("div", { class: "ticks", "aria-hidden": "true" });
    this.element = make("div", { class: "bar" }, this.name, this.picture.canvas, this.ticks);
  }

  draw(layer, table) {
    this.element.hidden = !layer;
    if (!layer) return;
    const [low, high] = layer.window;
    const values = Float32Array.from({ length: SHADES }, (_, n) => low + ((high - low) * (n + 0.5)) / SHADES);
    this.picture.paint([[layer, values, table]]);
    const beyond = `, beyond ${layer.signed ? "±" : ""}${rounded(layer.threshold, (high - low) / 200)}`;
    const unit = layer.unit && ` in ${layer.unit}`;
    this.name.textContent = layer.name + unit + (layer.over && layer.share > 0 ? beyond : "");
    this.ticks.replaceChildren(
      ...ticks(low, high).map(({ at, text }) => make("span", { style: `left: ${at}%` }, text)),
    );
  }
}

// ---- Panels ----

/** Follows the pointer while it is down: `begin` returns what gets its way since then, and the event. */
function follow(element, begin) {
  let [start, go] = [null, null];
  element.addEventListener("pointerdown", (event) => {
    if (event.button === 1 || start) return;
    element.setPointerCapture(event.pointerId);
    [start, go] = [event, begin(event)];
  });
  const move = (event) => {
    if (event.pointerId !== start?.pointerId) return;
    go(event.clientX - start.clientX, event.clientY - start.clientY, event);
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", move);
  element.addEventListener("lostpointercapture", () => (start = null));
  element.addEventListener("contextmenu", (event) => event.preventDefault());
}

/** A picture with caption, letters, crosshair and slider. */
class Panel {
  constructor(viewer, name, [columns, rows], [width, height], slider) {
    Object.assign(this, { viewer, columns, rows, width });
    this.picture = new Picture(columns, rows);
    this.picture.canvas.style.aspectRatio = `${width} / ${height}`;
    this.letters = ["left", "right", "top", "bottom"].map((side) => make("span", { class: `edge ${side}` }));
    const attributes = { class: "frame", tabindex: 0, role: "application", "aria-label": `${name} picture` };
    this.frame = make("div", attributes, this.picture.canvas, ...this.letters);
    this.caption = make("figcaption");
    this.slider = make("input", { type: "range", ...slider });
    this.slider.addEventListener("input", () => viewer.change(() => this.slide(Number(this.slider.value))));
    this.figure = make("figure", { class: "panel", style: `--mm: ${width}` }, this.caption, this.frame, this.slider);
    follow(this.frame, (event) => (event.shiftKey || event.button === 2 ? viewer.windowing() : this.press(event)));
    this.frame.addEventListener("keydown", (event) => this.keyDown(event));
    this.frame.addEventListener("keyup", (event) => event.key === " " && viewer.release());
    this.frame.addEventListener("blur", () => viewer.release());
  }

  keyDown(event) {
    const { viewer } = this;
    const image = viewer.images[Number(event.key) - 1];
    const action = image ? () => viewer.choose(image) : KEYS[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    viewer.change(() => action(this));
  }

  /** Column and row of the pixel under the pointer. */
  pixel(event) {
    const { left, top, width, height } = this.picture.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - left) / width) * this.columns);
    const row = Math.floor(((event.clientY - top) / height) * this.rows);
    return [clamp(column, 0, this.columns - 1), clamp(row, 0, this.rows - 1)];
  }

  show(caption, slider, letters, [column, row]) {
    this.caption.textContent = caption;
    this.slider.value = slider;
    this.letters.forEach((element, side) => (element.textContent = letters[side]));
    this.frame.style.setProperty("--x", `${(100 * (column + 0.5)) / this.columns}%`);
    this.frame.style.setProperty("--y", `${(100 * (row + 0.5)) / this.rows}%`);
  }
}

/** A slice of one plane. */
class Slice extends Panel {
  constructor(viewer, plane) {
    const { axes: [right, down, through] } = plane;
    const { shape } = viewer.grid;
    const slider = { min: 0, max: shape[through] - 1, "aria-label": `${plane.name} slice` };
    const size = [right, down].map((axis) => viewer.grid.length(axis));
    super(viewer, plane.name, [shape[right], shape[down]], size, slider);
    this.plane = plane;
    this.wheel = 0;
    this.frame.addEventListener("wheel", (event) => this.roll(event), { passive: false });
  }

  /** The row of a voxel, and the voxel of a row. */
  flip(row) { return this.plane.up ? this.rows - 1 - row : row; }
  slide(index) { this.viewer.place(this.plane.axes[2], index); }

  step(right, up, through) {
    const steps = [right, this.plane.up ? up : -up, through];
    this.plane.axes.forEach((axis, n) => this.viewer.place(axis, this.viewer.cross[axis] + steps[n]));
  }

  roll(event) {
    if (event.ctrlKey) return;
    event.preventDefault();
    this.wheel -= event.deltaMode === 0 ? event.deltaY : NOTCH * Math.sign(event.deltaY);
    const slices = Math.trunc(this.wheel / NOTCH);
    this.wheel -= slices * NOTCH;
    if (slices !== 0) this.viewer.change(() => this.step(0, 0, slices));
  }

  press(event) {
    const { viewer, plane: { axes: [right, down] } } = this;
    const point = (at) => viewer.change(() => {
      const [column, row] = this.pixel(at);
      viewer.place(right, column);
      viewer.place(down, this.flip(row));
    });
    point(event);
    return (_right, _down, at) => point(at);
  }

  draw(shades) {
    const { plane: { name, axes: [right, down, through], up }, viewer: { grid, cross } } = this;
    const caption = `${name}, ${"xyz"[through]} = ${rounded(grid.mm(through, cross[through]), 0.1)} mm`;
    const letters = [...ENDS[right], ...(up ? [...ENDS[down]].reverse() : ENDS[down])];
    this.show(caption, cross[through], letters, [cross[right], this.flip(cross[down])]);
    this.picture.paint(shades.map(([layer, table]) => [layer, layer.slice(this.plane, cross[through]), table]));
  }
}

/** The MIP turned about z: along the coronal view at 0°, along the sagittal one at 90°. */
class Projection extends Panel {
  constructor(viewer, radius) {
    const { grid } = viewer;
    const pixel = Math.min(grid.voxel[0], grid.voxel[1]);
    const least = Math.ceil(grid.length(0) / pixel - 1e-6);
    // Wider by an even number of pixels, so that pixels meet voxels at 0°.
    const columns = least + 2 * Math.max(0, Math.ceil(radius / pixel - least / 2 - 1e-6));
    const slider = { min: 0, max: 360 - TURN, step: TURN, "aria-label": "MIP angle in degrees" };
    super(viewer, "MIP", [columns, grid.shape[2]], [columns * pixel, grid.length(2)], slider);
    this.pixelSize = pixel;
  }

  view() { return { angle: (this.viewer.turn * Math.PI) / 180, pixel: this.pixelSize, columns: this.columns }; }
  slide(degrees) { this.viewer.turn = (((Math.round(degrees / TURN) * TURN) % 360) + 360) % 360; }

  step(right, up, through) {
    this.slide(this.viewer.turn + TURN * right);
    this.viewer.place(2, this.viewer.cross[2] + up + through);
  }

  /** A drag turns the front with the pointer, by half a turn over the width; a click goes to the maximum. */
  press() {
    const { viewer, viewer: { turn } } = this;
    const { width } = this.frame.getBoundingClientRect();
    let turns = false;
    return (right, down, event) => {
      turns ||= Math.hypot(right, down) > 3;
      if (turns) viewer.change(() => this.slide(turn - (180 * right) / width));
      if (turns || event.type !== "pointerup") return;
      const [column, row] = this.pixel(event);
      const greatest = viewer.shown.greatest(this.view(), column, this.rows - 1 - row);
      viewer.change(() => (viewer.cross = greatest ?? viewer.cross));
    };
  }

  /** Letters at the end of the picture's horizontal axis: two where it lies between x and y, as in DICOM. */
  letter(cos, sin) {
    const ends = [[cos, ENDS[0]], [sin, ENDS[1]]].filter(([part]) => Math.abs(part) > 0.38);
    ends.sort(([a], [b]) => Math.abs(b) - Math.abs(a));
    return ends.map(([part, [low, high]]) => (part > 0 ? high : low)).join("");
  }

  draw([[layer, table]]) {
    const { viewer: { grid, cross, turn } } = this;
    const view = this.view();
    const [cos, sin] = [Math.cos(view.angle), Math.sin(view.angle)];
    const way = cos * grid.fromMiddle(0, cross[0]) + sin * grid.fromMiddle(1, cross[1]);
    const column = way / this.pixelSize + (this.columns - 1) / 2;
    const letters = [this.letter(-cos, -sin), this.letter(cos, sin), "H", "F"];
    this.show(`MIP, ${turn}°`, turn, letters, [column, this.rows - 1 - cross[2]]);
    this.picture.paint([[layer, layer.projection(view), table]]);
  }
}
