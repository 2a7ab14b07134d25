// velocityjs on the inputs of `measure inputs DIR`; prints the lines that `measure table` reads.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";

const [directory, modules] = process.argv.slice(2);
const { parse, Compile } = createRequire(join(modules, "node_modules/"))("velocityjs");
const read = (name) => readFileSync(join(directory, name), "utf8");

const LETTERS = { "\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r" };
const util = {
  // One regular expression over the text: the quickest way in JavaScript.
  escapeJavaScript: (text) => {
    const escaped = String(text).replace(/["'\\/\x00-\x1f\x80-\uffff]/g, (unit) =>
      unit in LETTERS ? "\\" + LETTERS[unit]
        : /["'\\/]/.test(unit) ? "\\" + unit
        : "\\u" + unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0"));
    return escaped;
  },
};

// JavaScript's own `replaceAll` takes `\\'` for text, where Java takes it for the pattern of `\'`.
const replaceAll = {
  uid: "replaceAll",
  match: ({ property, params }) => property === "replaceAll" && params?.length === 2,
  resolve: ({ context, params }) => context.replace(new RegExp(params[0], "g"), params[1]),
};

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

const measure = (run, duration) => {
  const start = cpu();
  let renders = 0;
  let elapsed;
  do {
    for (let index = 0; index < 8; index++) run();
    renders += 8;
    elapsed = cpu() - start;
  } while (elapsed < duration);
  return { renders, elapsed };
};

const context = JSON.parse(read("context.json"));
for (const name of ["cured", "original"]) {
  const tree = parse(read(`${name}.vtl`));
  for (const script of ["ascii", "cjk"]) {
    for (const size of [60, 1 << 10, 32 << 10, 128 << 10]) {
      const body = read(`${script}-${size}.body`);
      const run = () => new Compile(tree, { escape: false, customMethodHandlers: [replaceAll] }).render({ context, util, input: { body } });
      const output = run();
      if (output !== read(`${name}-${script}-${size}.expected`)) throw new Error(`${name} ${script} ${size} renders otherwise:\n${output.slice(0, 2000)}`);
      measure(run, 1e9);
      let best = { renders: 0, elapsed: 1 };
      for (let round = 0; round < 5; round++) {
        const found = measure(run, 0.2e9);
        if (found.renders / found.elapsed > best.renders / best.elapsed) best = found;
      }
      console.log(["velocityjs 2", name, script, size, best.renders, best.elapsed, Buffer.byteLength(output)].join("\t"));
    }
  }
}
