// The pages' scripts are served as they are: plain scripts that share `window.lightbox`.

const js = require("@eslint/js");
const globals = require("globals");

module.exports = [
  { ignores: ["dashboard/assets/vendor/", "dashboard/manuals/site/", ".client/", "dist/", "node_modules/", ".ohif/", ".venv/", ".load/", ".peers/", ".terraform-checks/", ".dvc-env/", ".airflow/", ".ray-env/", "var/"] },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { args: "after-used" }],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["dashboard/assets/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, fflate: "readonly", tus: "readonly" } },
    rules: { strict: ["error", "function"] },
  },
  { files: ["tests/**/*.mjs"], languageOptions: { globals: globals.node } },
  { files: ["eslint.config.js"], languageOptions: { sourceType: "commonjs", globals: globals.node } },
];
