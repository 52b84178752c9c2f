"use strict";
const report = JSON.parse(document.getElementById("report").textContent);
const byId = (id) => document.getElementById(id);
const image = (kind, frame, method) => byId(`${kind}-${frame}-${method}`);
const store = { get: (k) => { try { return localStorage.getItem(k) } catch { return null } },
                set: (k, v) => { try { localStorage.setItem(k, v) } catch { /* private mode */ } } };

/* ---- dark and light ---- */
const root = document.documentElement;
const preferred = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
function setTheme(theme) {
  root.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
}
function flipTheme() {
  setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  store.set("supersee-report-theme", root.dataset.theme);
}
setTheme(store.get("supersee-report-theme") || preferred);
byId("theme").onclick = flipTheme;

/* ---- the pictures ---- */
const methods = report.methods, shots = report.shots;
const hasReference = methods.some((m) => m.name === "reference");
const KINDS = hasReference ? [["picture", "Picture"], ["flip", "FLIP"], ["difference", "Difference"]] : [["picture", "Picture"]];
const LAYOUTS = [["one", "One"], ["all", "All"], ["wipe", "Wipe"]];
const GAINS = [1, 2, 4, 8, 16];
const ZOOMS = [1, 2, 4, 8, 16];
const state = { method: Math.max(0, methods.findIndex((m) => m.name === "neural")), other: methods.length - 1, shot: 0,
  kind: "picture", layout: "one", gain: 4, scale: 0 /* 0: fit */, x: .5, y: .5, wipe: .5, held: false, at: null };
const [width, height] = report.size;
const stage = byId("stage"), pen = stage.getContext("2d");

const pixels = new Map();
function pixelsOf(frame, method) {
  const key = `${frame}-${method}`;
  if (!pixels.has(key)) {
    const canvas = new OffscreenCanvas(width, height), ctx = canvas.getContext("2d", { willReadFrequently: true });
    ctx.drawImage(image("picture", frame, method), 0, 0);
    if (pixels.size > 24) pixels.clear();
    pixels.set(key, ctx.getImageData(0, 0, width, height));
  }
  return pixels.get(key);
}

const differences = new Map();
function difference(frame, method) {
  const key = `${frame}-${method}-${state.gain}`;
  if (!differences.has(key)) {
    const a = pixelsOf(frame, method).data, b = pixelsOf(frame, "reference").data;
    const canvas = new OffscreenCanvas(width, height), ctx = canvas.getContext("2d"), out = ctx.createImageData(width, height);
    for (let i = 0; i < a.length; i += 4) {
      for (let c = 0; c < 3; c++) out.data[i + c] = Math.abs(a[i + c] - b[i + c]) * state.gain;
      out.data[i + 3] = 255;
    }
    ctx.putImageData(out, 0, 0);
    if (differences.size > 12) differences.clear();
    differences.set(key, canvas);
  }
  return differences.get(key);
}

function source(method) {
  const frame = shots[state.shot].frame, name = methods[method].name;
  if (name === "reference" || state.kind === "picture" || !hasReference) return image("picture", frame, name);
  return state.kind === "flip" ? image("flip", frame, name) : difference(frame, name);
}

function panes() {
  const all = { x: 0, y: 0, w: stage.width, h: stage.height };
  if (state.layout !== "all") return [{ ...all, method: shown() }];
  const count = methods.length;
  let best = { columns: 1, size: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const size = Math.min(all.w / columns / width, all.h / Math.ceil(count / columns) / height);
    if (size > best.size) best = { columns, size };
  }
  const rows = Math.ceil(count / best.columns), gap = 2;
  const w = (all.w - gap * (best.columns - 1)) / best.columns, h = (all.h - gap * (rows - 1)) / rows;
  return methods.map((_, i) => ({ method: i, w, h, x: (i % best.columns) * (w + gap), y: Math.floor(i / best.columns) * (h + gap) }));
}
const shown = () => (state.held && hasReference ? methods.findIndex((m) => m.name === "reference") : state.method);
function fit(pane) {
  /* Magnified to fit, by a whole number where that costs little room: all pixels are then of one size. */
  const exact = Math.min(pane.w / width, pane.h / height), whole = Math.floor(exact);
  return whole >= 1 && whole > exact * .75 ? whole : exact;
}
const scaleIn = (pane) => state.scale || fit(pane);

function place(pane) {
  /* Where the picture's corner lies in the stage: whole pixels, so that magnified ones stay square. */
  const s = scaleIn(pane);
  const along = (centre, size, room) => {
    const extent = size * s;
    if (extent <= room) return (room - extent) / 2;
    return Math.min(0, Math.max(room - extent, room / 2 - centre * extent));
  };
  return { s, x: Math.round(pane.x + along(state.x, width, pane.w)), y: Math.round(pane.y + along(state.y, height, pane.h)) };
}

function drawPane(pane, method, clip) {
  const { s, x, y } = place(pane);
  pen.save();
  pen.beginPath();
  pen.rect(clip ? clip.x : pane.x, pane.y, clip ? clip.w : pane.w, pane.h);
  pen.clip();
  pen.imageSmoothingEnabled = s < 1;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source(method), x, y, width * s, height * s);
  pen.restore();
}

function tag(text, x, y, colour, right) {
  const unit = devicePixelRatio;
  pen.font = `600 ${13 * unit}px Inter, system-ui, sans-serif`;
  const w = pen.measureText(text).width + 26 * unit, left = right ? x - w : x;
  pen.fillStyle = "#0b0c0fc8";
  pen.beginPath(); pen.roundRect(left, y, w, 24 * unit, 5 * unit); pen.fill();
  pen.fillStyle = colour;
  pen.beginPath(); pen.arc(left + 11 * unit, y + 12 * unit, 4 * unit, 0, 7); pen.fill();
  pen.fillStyle = "#f1f3f5"; pen.textBaseline = "middle";
  pen.fillText(text, left + 20 * unit, y + 12.5 * unit);
}

function draw() {
  pen.clearRect(0, 0, stage.width, stage.height);
  const inset = 10 * devicePixelRatio;
  for (const pane of panes()) {
    const method = methods[pane.method];
    if (state.layout === "wipe" && !state.held) {
      const split = Math.round(pane.x + pane.w * state.wipe), other = methods[state.other];
      drawPane(pane, pane.method, { x: pane.x, w: split - pane.x });
      drawPane(pane, state.other, { x: split, w: pane.w - split });
      pen.fillStyle = "#ffffffe0"; pen.fillRect(split - 1, pane.y, 2, pane.h);
      tag(method.label, pane.x + inset, pane.y + inset, method.colour);
      tag(other.label, pane.x + pane.w - inset, pane.y + inset, other.colour, true);
    } else {
      drawPane(pane, pane.method);
      tag(method.label, pane.x + inset, pane.y + inset, method.colour);
    }
  }
}

function describe() {
  const shot = shots[state.shot], method = methods[shown()], parts = [`frame ${shot.frame}${shot.why ? " (" + shot.why + ")" : ""}`, method.label];
  for (const [key, figure] of Object.entries(report.figures)) {
    const value = method.series?.[key]?.[shot.frame - 1];
    const map = key === "flip" ? shot.flip[method.name] : undefined; /* not every frame has it in the series */
    if ((value ?? map ?? null) !== null) parts.push(`${figure.label} ${(value ?? map).toFixed(figure.decimals)}${figure.unit ? " " + figure.unit : ""}`);
  }
  if (state.kind === "difference" && method.name !== "reference") parts.push(`|output − reference| × ${state.gain}`);
  if (state.kind === "flip" && method.name !== "reference") parts.push("black equal, bright different");
  byId("status").textContent = parts.join("  ·  ");
}

function probe() {
  if (!state.at) { byId("pixel").textContent = ""; return; }
  const pane = panes().find((p) => state.at.x >= p.x && state.at.x < p.x + p.w && state.at.y >= p.y && state.at.y < p.y + p.h);
  const { s, x, y } = pane ? place(pane) : {};
  const px = pane ? Math.floor((state.at.x - x) / s) : -1, py = pane ? Math.floor((state.at.y - y) / s) : -1;
  if (px < 0 || py < 0 || px >= width || py >= height) { byId("pixel").textContent = ""; return; }
  const value = (name) => {
    const at = 4 * (py * width + px), data = pixelsOf(shots[state.shot].frame, name).data;
    return [0, 1, 2].map((c) => String(data[at + c]).padStart(3)).join(" ");
  };
  const name = methods[pane.method].name;
  const reference = hasReference && name !== "reference" ? `   reference ${value("reference")}` : "";
  byId("pixel").textContent = `x ${px} y ${py}   sRGB ${value(name)}${reference}`;
}

let asked = false;
function refresh() {
  for (const [group, value] of [["methods", state.method], ["kinds", state.kind], ["layouts", state.layout], ["shots", state.shot], ["zooms", state.scale]])
    for (const button of byId(group).children) button.setAttribute("aria-pressed", String(button.dataset.value === String(value)));
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; draw(); describe(); probe(); chart?.mark(); });
}
function set(change) { Object.assign(state, change); refresh(); }
function choose(method) { if (method !== state.method) set({ other: state.method, method }); }
const step = (list, value, by) => list[Math.max(0, Math.min(list.length - 1, list.indexOf(value) + by))];

function button(group, value, text, press, hint) {
  const made = document.createElement("button");
  made.innerHTML = text; made.dataset.value = value; made.onclick = () => { press(); byId("viewer").focus({ preventScroll: true }); };
  if (hint) made.title = hint;
  byId(group).append(made);
}
methods.forEach((m, i) => button("methods", i, `<span class="ink" style="--ink:${m.colour}"><span class="dot"></span></span>${i + 1} ${m.label}`, () => choose(i)));
KINDS.forEach(([key, text]) => KINDS.length > 1 && button("kinds", key, text, () => set({ kind: key })));
LAYOUTS.forEach(([key, text]) => methods.length > 1 && button("layouts", key, text, () => set({ layout: key })));
shots.forEach((shot, i) => button("shots", i, `frame ${shot.frame}${shot.why ? ", worst" : ""}`, () => set({ shot: i }), shot.why));
button("zooms", 0, "Fit", () => set({ scale: 0 }));
ZOOMS.forEach((zoom) => button("zooms", zoom, zoom === 1 ? "1:1" : `${zoom}×`, () => set({ scale: zoom }), "screen pixels a picture's pixel"));

function zoomAt(scale, at) {
  const pane = panes().find((p) => at && at.x >= p.x && at.x < p.x + p.w && at.y >= p.y && at.y < p.y + p.h) || panes()[0];
  const target = at || { x: pane.x + pane.w / 2, y: pane.y + pane.h / 2 }, { s, x, y } = place(pane);
  const px = (target.x - x) / s / width, py = (target.y - y) / s / height;
  const smallest = fit(pane);
  if (scale <= smallest * 1.001) return set({ scale: 0 });
  scale = Math.min(scale, 64);
  set({ scale, x: px + (pane.x + pane.w / 2 - target.x) / scale / width, y: py + (pane.y + pane.h / 2 - target.y) / scale / height });
}
const zoomBy = (up, at) => {
  const now = scaleIn(panes()[0]), steps = [.25, .5, .75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
  zoomAt(up ? steps.find((s) => s > now * 1.01) || 64 : steps.findLast((s) => s < now * .99) || 0, at);
};

const inStage = (event) => { const box = stage.getBoundingClientRect(); return { x: (event.clientX - box.left) * stage.width / box.width, y: (event.clientY - box.top) * stage.height / box.height }; };
stage.addEventListener("wheel", (event) => { event.preventDefault(); zoomBy(event.deltaY < 0, inStage(event)); }, { passive: false });
stage.addEventListener("dblclick", (event) => (state.scale ? set({ scale: 0 }) : zoomAt(8, inStage(event))));
let drag = null;
stage.addEventListener("pointerdown", (event) => {
  const at = inStage(event);
  drag = { at, divider: state.layout === "wipe" && Math.abs(at.x - state.wipe * stage.width) < 12 * devicePixelRatio };
  stage.setPointerCapture(event.pointerId);
  byId("viewer").focus({ preventScroll: true });
});
stage.addEventListener("pointermove", (event) => {
  const at = inStage(event);
  if (drag?.divider) set({ wipe: Math.max(0, Math.min(1, at.x / stage.width)) });
  else if (drag && state.scale) {
    const keep = (v) => Math.max(0, Math.min(1, v));
    set({ x: keep(state.x - (at.x - drag.at.x) / state.scale / width), y: keep(state.y - (at.y - drag.at.y) / state.scale / height) });
    drag.at = at;
  }
  state.at = at; probe();
});
stage.addEventListener("pointerup", () => { drag = null; });
stage.addEventListener("pointerleave", () => { state.at = null; probe(); });

const toggle = (key, on, off) => set({ [key]: state[key] === on ? off : on });
const KEYS = {
  ArrowRight: () => choose((state.method + 1) % methods.length), ArrowLeft: () => choose((state.method + methods.length - 1) % methods.length),
  ArrowDown: () => set({ shot: Math.min(state.shot + 1, shots.length - 1) }), ArrowUp: () => set({ shot: Math.max(state.shot - 1, 0) }),
  f: () => hasReference && toggle("kind", "flip", "picture"), d: () => hasReference && toggle("kind", "difference", "picture"), p: () => set({ kind: "picture" }),
  "[": () => set({ gain: step(GAINS, state.gain, -1) }), "]": () => set({ gain: step(GAINS, state.gain, 1) }),
  g: () => toggle("layout", "all", "one"), w: () => toggle("layout", "wipe", "one"), t: flipTheme,
  "+": () => zoomBy(true, state.at), "=": () => zoomBy(true, state.at), "-": () => zoomBy(false, state.at), 0: () => set({ scale: 0 }),
};
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const inText = event.target.closest?.("summary, a");
  if (key === " " && !inText) { event.preventDefault(); if (!state.held) set({ held: true }); return; }
  if (/^[1-9]$/.test(key) && methods[key - 1]) choose(key - 1);
  else if (KEYS[key] && !(inText && key.startsWith("Arrow"))) { event.preventDefault(); KEYS[key](); }
});
addEventListener("keyup", (event) => { if (event.key === " ") { event.preventDefault(); set({ held: false }); } });
addEventListener("blur", () => set({ held: false }));

stage.style.aspectRatio = `${width} / ${height}`;
new ResizeObserver(() => {
  const box = stage.getBoundingClientRect();
  stage.width = Math.max(1, Math.round(box.width * devicePixelRatio));
  stage.height = Math.max(1, Math.round(box.height * devicePixelRatio));
  refresh();
}).observe(stage);

/* ---- the curves ---- */
let chart = null;
function makeChart() {
  const scored = methods.filter((m) => m.series);
  const known = Object.keys(report.figures).filter((key) => scored.some((m) => m.series[key].some((v) => v !== null)));
  if (!known.length || report.frames < 2) { byId("curves").hidden = true; return null; }
  const box = byId("chart"), tip = document.createElement("div");
  let figure = known[0], scaleX, hover = null;
  tip.id = "tip"; tip.hidden = true;
  known.forEach((key) => button("figures", key, report.figures[key].label, () => { figure = key; paint(); }));

  const ticks = (low, high) => {
    const raw = (high - low) / 7, power = 10 ** Math.floor(Math.log10(raw)), unit = [1, 2, 5, 10].find((u) => u * power >= raw) * power;
    const found = [];
    for (let v = Math.ceil(low / unit) * unit; v <= high + unit * 1e-6; v += unit) found.push(v);
    return [found, Math.max(0, -Math.floor(Math.log10(unit) + 1e-9))];
  };

  function paint() {
    const about = report.figures[figure], w = Math.max(box.clientWidth, 320), h = 300, left = 58, right = 14, top = 12, bottom = 30;
    const values = scored.flatMap((m) => m.series[figure]).filter((v) => v !== null);
    let low = Math.min(...values), high = Math.max(...values);
    const room = (high - low) * .08 || Math.abs(high) * .05 || 1;
    low = low >= 0 ? Math.max(0, low - room) : low - room; high += room;
    scaleX = (i) => left + (report.frames < 2 ? 0 : i / (report.frames - 1)) * (w - left - right);
    const y = (v) => top + (1 - (v - low) / (high - low)) * (h - top - bottom);
    let out = `<svg viewBox="0 0 ${w} ${h}" height="${h}" role="img" aria-label="${about.label} by frame">`;
    const [marks, decimals] = ticks(low, high);
    for (const v of marks) out += `<line class="grid" x1="${left}" x2="${w - right}" y1="${y(v)}" y2="${y(v)}"/><text x="${left - 8}" y="${y(v) + 4}" text-anchor="end">${v.toFixed(decimals)}</text>`;
    for (const shot of shots) out += `<line class="shot" x1="${scaleX(shot.frame - 1)}" x2="${scaleX(shot.frame - 1)}" y1="${top}" y2="${h - bottom}"/>`;
    const frameTicks = ticks(1, report.frames)[0].filter((v) => Number.isInteger(v));
    for (const v of [...new Set([1, ...frameTicks, report.frames])].filter((v, i, all) => v === report.frames || v === 1 || scaleX(report.frames - 1) - scaleX(v - 1) > 40))
      out += `<text x="${scaleX(v - 1)}" y="${h - 8}" text-anchor="middle">${v}</text>`;
    for (const m of scored) {
      const every = m.series[figure], sparse = about.sparse;
      let path = "", pen = false, dots = "";
      every.forEach((v, i) => {
        if (v === null) { pen = pen && sparse; return; }
        path += `${pen ? "L" : "M"}${scaleX(i).toFixed(1)} ${y(v).toFixed(1)}`;
        const alone = (i === 0 || every[i - 1] === null) && (i === every.length - 1 || every[i + 1] === null);
        if (sparse || alone) dots += `<circle cx="${scaleX(i).toFixed(1)}" cy="${y(v).toFixed(1)}" r="2.6"/>`;
        pen = true;
      });
      out += `<g class="ink" style="--ink:${m.colour}"><path class="line" d="${path}"/>${dots}</g>`;
    }
    out += `<line class="now" y1="${top}" y2="${h - bottom}"/></svg>`;
    box.innerHTML = out;
    box.append(tip);
    byId("lines").innerHTML = scored.map((m) => `<span class="ink" style="--ink:${m.colour}"><span class="dot"></span>${m.label}</span>`).join("");
    byId("better").textContent = `${about.unit ? about.unit + ", " : ""}${about.higher ? "higher" : "lower"} is better · dotted: frames with pictures; a click shows the nearest`;
    for (const made of byId("figures").children) made.setAttribute("aria-pressed", String(made.dataset.value === figure));
    mark();
  }
  function mark() {
    const line = box.querySelector(".now"), x = scaleX(hover ?? shots[state.shot].frame - 1);
    line.setAttribute("x1", x); line.setAttribute("x2", x);
  }
  const frameAt = (event) => {
    const bounds = box.getBoundingClientRect(), x = event.clientX - bounds.left, first = scaleX(0), last = scaleX(report.frames - 1);
    return Math.max(0, Math.min(report.frames - 1, Math.round((x - first) / (last - first) * (report.frames - 1))));
  };
  box.addEventListener("pointermove", (event) => {
    hover = frameAt(event);
    const about = report.figures[figure];
    const rows = scored.map((m) => ({ m, v: m.series[figure][hover] })).filter((r) => r.v !== null);
    rows.sort((a, b) => (about.higher ? b.v - a.v : a.v - b.v));
    tip.innerHTML = `<b>frame ${hover + 1}</b>` + (rows.map(({ m, v }) => `<div><span class="ink" style="--ink:${m.colour}"><span class="dot"></span>${m.label}</span><span class="mono">${v.toFixed(about.decimals)}</span></div>`).join("") || "<div>not measured</div>");
    tip.hidden = false;
    const x = scaleX(hover);
    tip.style.top = "14px";
    tip.style.left = `${x + 14 + tip.offsetWidth > box.clientWidth ? x - 14 - tip.offsetWidth : x + 14}px`;
    mark();
  });
  box.addEventListener("pointerleave", () => { hover = null; tip.hidden = true; mark(); });
  box.addEventListener("click", (event) => {
    const frame = frameAt(event) + 1, far = (shot) => Math.abs(shot.frame - frame);
    set({ shot: shots.reduce((best, shot, i) => (far(shot) < far(shots[best]) ? i : best), 0) });
  });
  let seen = 0; /* the width alone: what is painted sets the height */
  new ResizeObserver(() => { if (box.clientWidth !== seen) { seen = box.clientWidth; requestAnimationFrame(paint); } }).observe(box);
  paint();
  return { mark };
}
chart = makeChart();
Promise.all([...document.querySelectorAll("#pictures img")].map((each) => each.decode().catch(() => null))).then(refresh);
