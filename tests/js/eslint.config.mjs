// How the browser's JavaScript and its tests are linted; names and types are the compiler's (tsconfig.json).

import js from "@eslint/js";

const NODE_GLOBALS = ["AbortController", "Event", "EventTarget", "queueMicrotask", "setImmediate", "setTimeout", "TextDecoder", "URL", "URLSearchParams"];

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: "latest", sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error", reportUnusedInlineConfigs: "error" },
    rules: {
      // The compiler knows every global; ESLint would need a list of its own.
      "no-undef": "off",
      eqeqeq: "error",
      "default-case-last": "error",
      "no-console": "error",
      "no-else-return": ["error", { allowElseIf: true }],
      "no-eval": "error",
      "no-implicit-globals": "error",
      "no-implied-eval": "error",
      "no-lone-blocks": "error",
      "no-promise-executor-return": "off",
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unreachable-loop": "error",
      "no-unused-expressions": ["error", { allowShortCircuit: true, allowTernary: true }],
      "no-unused-vars": ["error", { args: "all", argsIgnorePattern: "^_", caughtErrors: "all" }],
      "no-useless-rename": "error",
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-object-has-own": "error",
      "prefer-template": "error",
      radix: "error",
      "symbol-description": "error",
      yoda: "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.object.name='Object'][callee.property.name='assign'] > ThisExpression:first-child",
          message: "Hand in each part by name and keep it in a field of its own.",
        },
      ],
      // Types are mended, not switched off.
      "no-warning-comments": ["error", { terms: ["@ts-nocheck", "@ts-ignore"], location: "anywhere" }],
    },
  },
  {
    // Tests hand in only what is looked at, and so are not typed: their globals are named here.
    files: ["tests/js/*.mjs"],
    languageOptions: { globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, "readonly"])) },
    rules: { "no-undef": "error" },
  },
];
