// The images of a report: three planes through a crosshair, and a maximum intensity projection (MIP).
//
// Lengths are in mm, LPS: +x to the patient's left, +y to the back, +z to the head. Pictures follow the radiological
// convention: the patient's right is at the left of the picture. Voxels are [i, j, k], stored with k fastest.
//
// The files of this folder are one script: layers.js, panels.js, viewer.js, in a function of their own.

/** Letters of the low and the high end of x, y and z. */
const ENDS = [["R", "L"], ["A", "P"], ["F", "H"]];
/** Axes of a picture to the right, down (or up, where `up`), and through the slices. */
const PLANES = [
  { name: "axial", axes: [0, 1, 2], up: false },
  { name: "coronal", axes: [0, 2, 1], up: true },
  { name: "sagittal", axes: [1, 2, 0], up: true },
];
/** Evenly spaced colours from low to high. Hot ends before white, which the white of no uptake would swallow. */
const COLOURS = {
  grey: [[255, 255, 255], [0, 0, 0]],
  hot: [[0, 0, 0], [130, 0, 0], [230, 30, 0], [255, 140, 0], [255, 210, 40], [255, 255, 130]],
  diverging: [[5, 40, 130], [50, 120, 220], [255, 255, 255], [225, 70, 50], [130, 0, 20]],
};
/** Colours of a table. */
const SHADES = 256;
/** Degrees between two angles of the MIP. */
const TURN = 5;
/** The pointer's way in pixels that widens the window e-fold, or moves its level by its width. */
const WINDOWING = 250;
/** The wheel's way in pixels per slice. */
const NOTCH = 50;

const TICK = { type: "checkbox" };
const SHARE = { type: "range", min: 0, max: 1, step: 0.01 };

/** What keys do while a picture has the focus; digits choose images. */
const KEYS = {
  ArrowLeft: (panel) => panel.step(-1, 0, 0),
  ArrowRight: (panel) => panel.step(1, 0, 0),
  ArrowUp: (panel) => panel.step(0, 1, 0),
  ArrowDown: (panel) => panel.step(0, -1, 0),
  PageUp: (panel) => panel.step(0, 0, 1),
  PageDown: (panel) => panel.step(0, 0, -1),
  "+": (panel) => panel.step(0, 0, 1),
  "-": (panel) => panel.step(0, 0, -1),
  "[": ({ viewer }) => viewer.stretch(1 / 1.1),
  "]": ({ viewer }) => viewer.stretch(1.1),
  c: ({ viewer }) => (viewer.flipped = !viewer.flipped),
  " ": ({ viewer }) => (viewer.held = true),
  o: ({ viewer }) => viewer.lay(viewer.overlay ? null : viewer.lastOverlay),
  r: ({ viewer }) => viewer.reset(),
};
const HELP = [
  ["drag", "crosshair"], ["← → ↑ ↓", "in plane"], ["wheel, PgUp, PgDn, + −", "slice"],
  ["Shift-drag, right drag", "window"], ["[ ]", "its top"], ["1–9", "image"], ["c, hold Space", "compare"],
  ["o", "overlay"], ["r", "reset"], ["drag the MIP", "turn it"], ["click it", "go to its maximum"],
];

// ---- Numbers ----

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const decade = (value) => Math.floor(Math.log10(Math.abs(value) || 1));
const numbers = (list, count, test = () => true) =>
  Array.isArray(list) && list.length === count && list.every((n) => Number.isFinite(n) && test(n));

/** The number with no digit finer than the decade of `step`. */
function rounded(value, step) {
  const [first, last] = [decade(value), decade(step)];
  if (first > 6 || (first < -4 && first >= last)) {
    return value.toExponential(clamp(first - last, 0, 6)).replace("e+", "e").replace(/-/g, "−");
  }
  const text = (Math.round(value / 10 ** last) * 10 ** last).toFixed(clamp(-last, 0, 8));
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** The least of 1, 2 and 5 times a power of ten that is not below `rough`. */
function roundStep(rough) {
  return [1, 2, 5, 10].map((n) => n * 10 ** decade(rough)).find((step) => step > 0.999 * rough);
}

/** Round numbers from low to high. */
function ticks(low, high) {
  const step = roundStep((high - low) / 6);
  const [first, last] = [Math.ceil(low / step - 1e-6), Math.floor(high / step + 1e-6)];
  return Array.from({ length: last - first + 1 }, (_, n) => ({
    at: (100 * ((first + n) * step - low)) / (high - low),
    text: rounded((first + n) * step, step),
  }));
}

// ---- Data ----

function check(holds, message) {
  if (!holds) throw new Error(message);
}

/** The voxels that all layers share. */
class Grid {
  constructor({ shape, voxel_mm, origin_mm }) {
    check(numbers(shape, 3, (n) => Number.isInteger(n) && n > 0), "“shape” is not three positive whole numbers.");
    check(numbers(voxel_mm, 3, (n) => n > 0), "“voxel_mm” is not three positive numbers.");
    check(numbers(origin_mm, 3), "“origin_mm” is not three numbers.");
    Object.assign(this, { shape, voxel: voxel_mm, origin: origin_mm });
  }

  length(axis) { return this.shape[axis] * this.voxel[axis]; }
  mm(axis, index) { return this.origin[axis] + index * this.voxel[axis]; }
  /** The way from the middle of the grid in mm. */
  fromMiddle(axis, index) { return (index - (this.shape[axis] - 1) / 2) * this.voxel[axis]; }
  inside(axis, index) { return clamp(Math.round(index), 0, this.shape[axis] - 1); }
  nearest(mm) { return mm.map((x, axis) => this.inside(axis, (x - this.origin[axis]) / this.voxel[axis])); }
}

async function inflate(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < bytes.length; n++) bytes[n] = text.charCodeAt(n);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** An image or overlay: codes in a box of the grid, and one value outside it. */
class Layer {
  constructor(record, grid) {
    const { name, role, unit = "", colours, low, high, bits, window, box, outside, codes } = record;
    check(typeof name === "string", "A layer has no name.");
    const need = (holds, field) => check(holds, `“${field}” of layer “${name}” is missing or wrong.`);
    const voxel = (axis) => (n) => Number.isInteger(n) && n >= 0 && n <= grid.shape[axis];
    const within = (range, axis) => numbers(range, 2, voxel(axis)) && range[0] <= range[1];
    need(role === "image" || role === "overlay", "role");
    need(Object.hasOwn(COLOURS, colours), "colours");
    need(numbers([low, high], 2) && low <= high, "low/high");
    need(bits === 8 || bits === 16, "bits");
    need(numbers(window, 2), "window");
    need(Number.isFinite(outside), "outside");
    need(Array.isArray(box) && box.length === 3 && box.every(within), "box");
    need(typeof codes === "string", "codes");
    Object.assign(this, { name, unit, colours, low, bits, preset: window, box, outside, grid });
    this.range = high - low;
    this.step = this.range / (2 ** bits - 1);
    this.signed = colours === "diverging";
    this.over = role === "overlay";
    this.sizes = box.map(([first, end]) => end - first);
    this.strides = [this.sizes[1] * this.sizes[2], this.sizes[2], 1];
    /** What a ray of the MIP finds where it meets no stored voxel. */
    this.background = this.sizes.every((size, axis) => size === grid.shape[axis]) ? low : outside;
    this.projections = new Map();
    this.reset();
  }

  async load(base64) {
    const bytes = await inflate(base64).catch(() => null);
    check(bytes, `The codes of “${this.name}” cannot be unpacked.`);
    const [wanted, found] = [(this.sizes[0] * this.strides[0] * this.bits) / 8, bytes.byteLength];
    check(found === wanted, `The codes of “${this.name}” are ${found} bytes, and their box wants ${wanted}.`);
    // Little endian, as all machines that browsers run on.
    this.codes = this.bits === 8 ? new Uint8Array(bytes) : new Uint16Array(bytes);
    return this;
  }

  /** The preset window, symmetric for a signed overlay, and with some width even for a constant image. */
  reset() {
    let [low, high] = this.preset;
    if (this.signed && this.over) high = Math.max(Math.abs(low), Math.abs(high)) || 1;
    if (this.signed && this.over) low = -high;
    this.window = [low, high > low ? high : low + (this.range || 1)];
    this.opacity = this.over ? 0.7 : 1;
    this.share = this.signed ? 0.1 : 0;
  }

  /** Values (sizes of values where signed) of an overlay up to this are not seen: a share of its window. */
  get threshold() {
    if (!this.over) return -Infinity;
    const zero = this.signed ? 0 : this.window[0];
    return zero + this.share * (this.window[1] - zero);
  }

  at(voxel) {
    if (!voxel.every((n, axis) => n >= this.box[axis][0] && n < this.box[axis][1])) return this.outside;
    const place = voxel.reduce((sum, n, axis) => sum + (n - this.box[axis][0]) * this.strides[axis], 0);
    return this.low + this.step * this.codes[place];
  }

  /** The value to four digits, or as many as its code holds. */
  text(voxel) {
    const value = this.at(voxel);
    return `${this.name}: ${rounded(value, Math.max(this.step, Math.abs(value) / 1000))} ${this.unit}`.trimEnd();
  }

  /** Values of a slice, row by row of its picture. */
  slice({ axes: [right, down, through], up }, index) {
    const { box, strides, codes, low, step } = this;
    const [columns, rows] = [this.grid.shape[right], this.grid.shape[down]];
    const values = new Float32Array(columns * rows).fill(this.outside);
    if (index < box[through][0] || index >= box[through][1]) return values;
    for (let b = box[down][0]; b < box[down][1]; b++) {
      let to = (up ? rows - 1 - b : b) * columns + box[right][0];
      let from = (index - box[through][0]) * strides[through] + (b - box[down][0]) * strides[down];
      for (let a = box[right][0]; a < box[right][1]; a++) {
        values[to++] = low + step * codes[from];
        from += strides[right];
      }
    }
    return values;
  }

  /** Calls `visit(from, i, j)` for all columns of voxels along z, whose codes start at `from`. */
  eachColumn(visit) {
    const [[i0, i1], [j0, j1]] = this.box;
    let from = 0;
    for (let i = i0; i < i1; i++) for (let j = j0; j < j1; j++, from += this.strides[1]) visit(from, i, j);
  }

  /**
   * Calls `visit(from, first, last, i, j)` for all columns of voxels along z, with the pixels of the MIP whose centre
   * lies in their shadow. Pixels are no wider than voxels, so that no voxel is missed at any angle.
   */
  eachShadow({ angle, pixel, columns }, visit) {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [a, b] = this.grid.voxel;
    const half = (Math.abs(cos) * a + Math.abs(sin) * b) / 2 / pixel;
    this.eachColumn((from, i, j) => {
      const way = cos * this.grid.fromMiddle(0, i) + sin * this.grid.fromMiddle(1, j);
      const centre = way / pixel + (columns - 1) / 2;
      // Of the two ends of a shadow one belongs to it, rounding or not.
      const [first, end] = [centre - half, centre + half].map((at) => clamp(Math.ceil(at - 1e-6), 0, columns));
      visit(from, first, end - 1, i, j);
    });
  }

  /** The radius in mm of the cylinder about the grid's middle that holds all values above the background. */
  radius() {
    const least = (this.background - this.low) / (this.step || 1) + 0.5;
    const reach = (axis, index) => Math.abs(this.grid.fromMiddle(axis, index)) + this.grid.voxel[axis] / 2;
    let radius = 0;
    this.eachColumn((from, i, j) => {
      const distance = Math.hypot(reach(0, i), reach(1, j));
      if (distance <= radius) return;
      if (this.codes.subarray(from, from + this.sizes[2]).some((code) => code > least)) radius = distance;
    });
    return radius;
  }

  /** Values of the MIP, row by row of its picture, head up; kept for every angle once computed. */
  projection(view) {
    if (this.projections.has(view.angle)) return this.projections.get(view.angle);
    const { codes, low, step, background, sizes: [, , depth] } = this;
    const most = new Int32Array(view.columns * depth).fill(-1);
    this.eachShadow(view, (from, first, last) => {
      for (let to = first * depth; to < (last + 1) * depth; to += depth) {
        for (let k = 0; k < depth; k++) most[to + k] = Math.max(most[to + k], codes[from + k]);
      }
    });
    const values = new Float32Array(view.columns * this.grid.shape[2]).fill(background);
    for (let k = 0; k < depth; k++) {
      const row = this.grid.shape[2] - 1 - k - this.box[2][0];
      for (let column = 0; column < view.columns; column++) {
        const code = most[column * depth + k];
        if (code >= 0) values[row * view.columns + column] = Math.max(background, low + step * code);
      }
    }
    this.projections.set(view.angle, values);
    return values;
  }

  /** The voxel of the greatest value on the ray of a pixel of the MIP; null where the ray meets none. */
  greatest(view, column, k) {
    const within = k - this.box[2][0];
    if (within < 0 || within >= this.sizes[2]) return null;
    let [most, voxel] = [-1, null];
    this.eachShadow(view, (from, first, last, i, j) => {
      if (column < first || column > last || this.codes[from + within] <= most) return;
      [most, voxel] = [this.codes[from + within], [i, j, k]];
    });
    return voxel;
  }
}
