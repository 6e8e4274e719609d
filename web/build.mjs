// Builds cdp.js; with --check it fails if what is committed is not what would be built. With --tests it
// builds the tests, and with --examples those of examples/web that a browser or Node can run.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "../services/gateway/scripts/cdp.js");

/** Of the sources, their names included: a test without Node compares it too. */
function digest() {
  const hash = createHash("sha256");
  for (const name of readdirSync(join(here, "src")).sort())
    hash.update(`${name}\n`).update(readFileSync(join(here, "src", name)));
  return hash.digest("hex").slice(0, 16);
}

async function script() {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src/cdp.ts")],
    bundle: true,
    minify: true,
    target: ["chrome105", "firefox110", "safari16"],
    write: false,
  });
  return `/* Apache-2.0, sources ${digest()} */${outputFiles[0].text}`;
}

if (process.argv.includes("--tests")) {
  const tests = readdirSync(join(here, "test")).map((name) => join(here, "test", name));
  await build({
    entryPoints: tests,
    bundle: true,
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    outdir: join(here, "../build/web-tests"),
  });
} else if (process.argv.includes("--examples")) {
  const examples = join(here, "../examples/web");
  await build({
    entryPoints: ["react/main.tsx", "vue/main.ts", "shopify/src/blocks.ts"].map((name) => join(examples, name)),
    bundle: true,
    format: "esm",
    target: "es2022",
    outbase: examples,
    outdir: join(here, "../build/examples-web"),
    nodePaths: [join(here, "node_modules")],
    jsx: "automatic",
    define: {
      "process.env.NODE_ENV": '"production"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
  });
} else if (process.argv.includes("--check")) {
  if ((await script()) !== readFileSync(built, "utf8")) {
    console.error("cdp.js is not what its sources make: npm run build");
    process.exit(1);
  }
} else {
  writeFileSync(built, await script());
}
