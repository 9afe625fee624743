// Reads Terraform files by HashiCorp's own parser and formatter: `node hcl.mjs FILE...`, and JSON comes out, file by file:
// {body, formatted, references, conditions} or {error}. References are told with what stands after them; those of the conditions of
// variables apart.
import fs from "node:fs";
import { format } from "@cdktn/hcl-tools";
import { getReferencesInExpression, parse } from "@cdktn/hcl2json";

// `left` is the argument that holds names of kinds or of arguments, which are no references to values.
function* strings(value, left) {
  if (typeof value === "string") yield value;
  else if (value && typeof value === "object") {
    for (const [name, each] of Object.entries(value)) if (name !== left) yield* strings(each, left);
  }
}

// What stands between ${ and its }: what is around it is text, in which quotes mean nothing.
function* expressions(text) {
  for (let start = text.indexOf("${"); start >= 0; start = text.indexOf("${", start)) {
    let depth = 0;
    let end = start + 1;
    do {
      if (text[end] === "{") depth += 1;
      if (text[end] === "}") depth -= 1;
      end += 1;
    } while (depth > 0 && end < text.length);
    yield text.slice(start, end);
    start = end;
  }
}

async function references(file, body, left) {
  const found = [];
  for (const text of strings(body, left)) {
    for (const expression of expressions(text)) {
      for (const { startPosition } of await getReferencesInExpression(file, expression)) found.push(expression.slice(startPosition));
      // Those before "..." of a call are passed over by the parser's list.
      for (const { index } of expression.matchAll(/\b(?:var|local)\.\w+/g)) found.push(expression.slice(index));
    }
  }
  return found;
}

const read = {};
for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf8");
  try {
    const body = await parse(file, text);
    const { variable = {}, ...others } = body;
    read[file] = {
      body,
      formatted: (await format(text)) === text,
      references: await references(file, others, "ignore_changes"),
      conditions: await references(file, variable, "type"),
    };
  } catch (error) {
    read[file] = { error: String(error) };
  }
}
process.stdout.write(JSON.stringify(read));
