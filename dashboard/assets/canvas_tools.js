/* The tools of the viewer: what a press on a slice does. Other scripts add theirs here, before or after
   the viewer is on the page. This file loads before them (assets load by name).

   A tool is { name, label, icon, key, cursor, down, move, up, cancel, hover, draw }:
   down(point, event) may answer false to leave the press to the viewer; move and up follow a press that
   was taken; cancel() ends it without effect (a second finger, Escape, another tool); hover(point, event)
   is told of the pointer without a press; draw(context, pane) draws over every slice in CSS pixels.
   point = { plane, slice, row, column, voxel: [slice, row, column] }, fractions, centres being whole numbers. */

(function (lightbox) {
  "use strict";

  const tools = new Map();
  let chosen = null;

  function tell() {
    document.dispatchEvent(new CustomEvent("lightbox:tools"));
  }

  /** Adds a tool, or replaces the one of that name. */
  function addTool(tool) {
    tools.set(tool.name, tool);
    tell();
  }

  function removeTool(name) {
    if (chosen === name) chooseTool(null);
    tools.delete(name);
    tell();
  }

  /** Makes a tool the one that a press uses; null for the viewer's own way of moving. */
  function chooseTool(name) {
    const next = tools.has(name) ? name : null;
    if (next === chosen) return;
    tools.get(chosen)?.cancel?.();
    chosen = next;
    tell();
  }

  lightbox.viewer = {
    addTool,
    removeTool,
    chooseTool,
    tools: () => [...tools.values()],
    tool: () => tools.get(chosen) ?? null,
  };
})(window.lightbox);
