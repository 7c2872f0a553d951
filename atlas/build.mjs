// Builds the page's script and style from the packages in package.json, and writes down what is in them.
import {createHash} from "node:crypto";
import {readFileSync, writeFileSync} from "node:fs";
import {build} from "esbuild";

const out = "../lucidag/atlas/page";
await build({
  entryPoints: {app: "src/main.js"}, bundle: true, minify: true, outdir: out, format: "iife",
  target: "es2022", legalComments: "none", charset: "utf8", loader: {".css": "css"},
});
// What ends a script in HTML may stand in no string of it.
const script = readFileSync(`${out}/app.js`, "utf8").replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
writeFileSync(`${out}/app.js`, script);
const names = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).dependencies);
const about = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
const sum = (file) => createHash("sha256").update(readFileSync(`${out}/${file}`)).digest("hex");
writeFileSync(`${out}/bundle.json`, JSON.stringify({
  packages: Object.fromEntries(names.map((name) => [name, {version: about(name).version, licence: about(name).license}])),
  sha256: Object.fromEntries(["app.js", "app.css"].map((file) => [file, sum(file)])),
}, null, 2) + "\n");
const licence = (name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
writeFileSync(`${out}/licences.txt`, names.map(licence).join(`\n${"-".repeat(80)}\n\n`));
