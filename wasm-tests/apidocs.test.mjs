// The OpenAPI document of the API of spaces: a validator accepts it, and its routes are there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { require } from "./tools.mjs";

const { Validator } = require("@seriousme/openapi-schema-validator");

const scope = new Scope();
let worker;
let documented;

before(async () => {
  const registry = await streaming(scope);
  worker = await start(scope, { REGISTRY: `http://${registry.host}/charts` });
  await worker.index("/api/charts", { headers: AS_ADMIN });
  const answer = await worker.send("/apidocs.json");
  assert.equal(answer.headers["content-type"], "application/json");
  documented = answer.json;
});
after(() => scope.end());

test("a validator accepts the document", async () => {
  const told = await new Validator().validate(structuredClone(documented));
  assert.deepEqual(told, { valid: true });
});

test("the validator refuses a document without answers", async () => {
  const broken = structuredClone(documented);
  delete broken.paths["/spaces"].get.responses["200"].$ref;
  broken.paths["/spaces"].get.responses["200"].content = 1;
  assert.equal((await new Validator().validate(broken)).valid, false);
});

/** What stands for the parameters of a path: nothing that is there. */
const ABSENT = { space: "none/at/all", chart: "none", version: "1.0.0-rc.1+b" };

test("every operation is answered as the document says, where nothing is there", async () => {
  for (const [template, item] of Object.entries(documented.paths)) {
    for (const method of ["get", "post", "put", "delete"]) {
      const operation = item[method];
      if (!operation) continue;
      const path = `/api/v1${template.replaceAll(/\{(\w+)\}/g, (_, name) => ABSENT[name])}`;
      const answer = await worker.send(path, { method: method.toUpperCase(), headers: AS_ADMIN });
      const line = `${method} ${path}: ${answer.status} ${answer.text}`;
      // Bodies are judged before it is looked for what they would replace.
      const expected = template === "/spaces" && method === "get" ? [200] : [400, 404];
      assert.ok(expected.includes(answer.status), line);
      assert.ok(answer.status in operation.responses, line);
      if (answer.status >= 400) assert.deepEqual(Object.keys(answer.json).sort(), ["message", "reason"], line);
    }
  }
});
