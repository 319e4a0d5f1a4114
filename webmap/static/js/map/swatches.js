// What stands before a legend's entry: a small canvas, painted as on the map.

/** @import { GridsStyle, Level, Look } from "../types/page.d.ts" */

/** @typedef {(ctx: CanvasRenderingContext2D) => void} Draw */
/** What a scenario does to a facility. @typedef {"add" | "move" | "close"} Pin */

import { contextOf } from "../view/elements.js";
import { paintOf } from "./patterns.js";

const WIDTH = 30;
const HEIGHT = 18;

/**
 * Return a canvas on which an entry is drawn.
 * @param {Draw} draw
 */
export function swatch(draw) {
  const canvas = document.createElement("canvas");
  const ratio = Math.max(2, devicePixelRatio);
  canvas.width = WIDTH * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.setAttribute("aria-hidden", "true");
  const ctx = contextOf(canvas);
  ctx.scale(ratio, ratio);
  draw(ctx);
  return canvas;
}

/**
 * Draw the border of a level.
 * @param {GridsStyle} style
 * @param {Level} level
 * @returns {Draw}
 */
export function border(style, level) {
  const { line: ink, width } = style.levels[level];
  return (ctx) => {
    for (const { colour, weight } of [{ colour: style.halo, weight: width + 1.6 }, { colour: ink, weight: width }]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = weight;
      ctx.beginPath();
      ctx.moveTo(1, HEIGHT / 2);
      ctx.lineTo(WIDTH - 1, HEIGHT / 2);
      ctx.stroke();
    }
  };
}

/**
 * Draw the outline of what is selected.
 * @param {GridsStyle} style
 * @returns {Draw}
 */
export function outline(style) {
  return (ctx) => {
    ctx.strokeStyle = style.accent;
    ctx.lineWidth = 3;
    ctx.strokeRect(3, 3, WIDTH - 6, HEIGHT - 6);
  };
}

/**
 * Draw ground that is filled.
 * @param {Look} look
 * @returns {Draw}
 */
export function area(look) {
  return (ctx) => {
    ctx.fillStyle = paintOf(ctx, look, Math.max(2, devicePixelRatio));
    ctx.fillRect(1, 1, WIDTH - 2, HEIGHT - 2);
    ctx.strokeStyle = "#5d6b80";
    ctx.strokeRect(1, 1, WIDTH - 2, HEIGHT - 2);
  };
}

/**
 * Draw an edge.
 * @param {string} colour
 * @param {number[]} dash
 * @param {number} [width]
 * @returns {Draw}
 */
export function line(colour, dash, width = 2.5) {
  return (ctx) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(1, HEIGHT / 2);
    ctx.lineTo(WIDTH - 1, HEIGHT / 2);
    ctx.stroke();
  };
}

/**
 * Draw around the middle.
 * @param {Draw} draw
 * @returns {Draw}
 */
export function centred(draw) {
  return (ctx) => {
    ctx.translate(WIDTH / 2, HEIGHT / 2);
    draw(ctx);
  };
}

/**
 * As css/scenarios.css draws them on the map.
 * @param {Pin} what
 */
export function pin(what) {
  const [ground, ink, sign] = { add: ["#9b1c6b", "#ffffff", "+"], move: ["#9b1c6b", "#ffffff", "→"], close: ["#ffffff", "#1f2a37", "×"] }[what];
  return centred((ctx) => {
    ctx.fillStyle = ground;
    ctx.strokeStyle = what === "close" ? ink : ground;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(0, 0, 7, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = ink;
    ctx.font = "700 12px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(sign, 0, 0.5);
  });
}
