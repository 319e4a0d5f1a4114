// Modules that the server joins of others (webmap/core/assets.py): what their first one exports.

declare module "*/drawing.js" {
  export const PlanEditor: typeof import("../drawing/editor.js").PlanEditor;
}

declare module "*/scenarios.js" {
  export const ScenarioEditor: typeof import("../scenarios/editor.js").ScenarioEditor;
}
