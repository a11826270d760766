// node validate.mjs FILE: what the official AsyncAPI parser finds in the document, a line each; exit 1 for anything.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const [file] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(await readFile(file, "utf8"));
for (const { severity, code, path, message } of diagnostics) {
  console.log(`${["error", "warning", "info", "hint"][severity]} ${code} at ${path.join(".")}: ${message}`);
}
if (document) {
  console.log(`${document.channels().all().length} channels, ${document.operations().all().length} operations`);
}
process.exitCode = document && diagnostics.length === 0 ? 0 : 1;
