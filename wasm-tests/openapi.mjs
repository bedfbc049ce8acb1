// The API of spaces, asked by what its OpenAPI document says: each answer is judged by it, and what was never asked is known.

import assert from "node:assert/strict";

import { AS_ADMIN } from "./harness.mjs";
import { form } from "./http.mjs";
import { require } from "./tools.mjs";

const { Validator } = require("@seriousme/openapi-schema-validator");
const { default: Ajv } = require("ajv/dist/2020.js");

const METHODS = ["get", "post", "put", "delete"];

/** A Worker's API, with the document that it gives of it. */
export class SpacesApi {
  #worker;
  /** The document. */
  document;
  #ajv = new Ajv({ strict: false, validateFormats: false });
  #asked = new Set();
  /** What would have changed something, and the status that it had. */
  writes = [];

  static async of(worker) {
    const answer = await worker.send("/apidocs.json");
    assert.equal(answer.status, 200, answer.text);
    return new SpacesApi(worker, answer.json);
  }

  constructor(worker, document) {
    this.#worker = worker;
    this.document = document;
    this.#ajv.addSchema(document, "api");
  }

  /** Whether it is a document of OpenAPI; else what is wrong with it. */
  async validity() {
    const { valid, errors } = await new Validator().validate(structuredClone(this.document));
    return valid || errors;
  }

  /** All that may be asked: `GET /spaces`. */
  get operations() {
    const paths = Object.entries(this.document.paths);
    return paths.flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`));
  }

  /** What of that was never answered with success. */
  get unasked() {
    return this.operations.filter((operation) => !this.#asked.has(operation));
  }

  /**
   * Asks, `line` is `GET /spaces?start=1`. `parts` is sent as a form, `json` as JSON, `body` as it is. The answer is one that the
   * document names, of the shape that it has there.
   */
  async send(line, { parts, json, body, headers = {} } = {}) {
    const [method, target] = line.split(" ");
    const sent = parts ? form(parts) : json === undefined ? { body } : { body: JSON.stringify(json), type: "application/json" };
    const answer = await this.#worker.send(`/api/v1${target}`, {
      method,
      body: sent.body,
      headers: { ...AS_ADMIN, ...(sent.type && { "content-type": sent.type }), ...headers },
      limit: 120_000,
    });
    const [path] = target.split("?");
    if (method !== "GET") this.writes.push(`${method} /api/v1${path} ${answer.status}`);
    this.#judge(method, path, answer);
    return answer;
  }

  /** The status and the body of an answer, in one line. */
  async told(line, sent) {
    const { status, text } = await this.send(line, sent);
    return text === "" ? `${status}` : `${status} ${text}`;
  }

  #judge(method, path, answer) {
    const template = this.#template(method, path);
    const line = `${method} ${template}: ${answer.status}`;
    const pointer = `/paths/${escaped(template)}/${method.toLowerCase()}/responses`;
    const responses = this.#resolved(pointer);
    const key = responses[answer.status] ? `${answer.status}` : "default";
    assert.ok(responses[key], `${line} is not in the document`);
    // What is no fault of the registry's or the Worker's has a line of its own.
    assert.ok(key !== "default" || answer.status > 500, `${line} is in the document only as any other`);
    if (answer.status < 300) this.#asked.add(`${method} ${template}`);
    const at = this.#reference(`${pointer}/${key}`);
    const { content } = this.#resolved(at);
    if (!content) return assert.equal(answer.text, "", line);
    const type = answer.headers["content-type"]?.split(";")[0];
    assert.ok(content[type], `${line} is ${type}`);
    if (type !== "application/json") return undefined;
    const valid = this.#ajv.compile({ $ref: `api#${at}/content/${escaped(type)}/schema` });
    return assert.ok(valid(answer.json), `${line}: ${JSON.stringify(valid.errors)} in ${answer.text}`);
  }

  /** The path of the document that is meant; a space may have slashes. */
  #template(method, path) {
    const fits = (template) => new RegExp(`^${template.replace("{space}", ".+?").replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
    const found = Object.keys(this.document.paths).filter((template) => fits(template) && this.document.paths[template][method.toLowerCase()]);
    // The one that says most by itself.
    const [best] = found.sort((one, other) => fixed(other) - fixed(one));
    assert.ok(best, `${method} ${path} is not in the document`);
    return best;
  }

  /** A pointer into the document, where it leads to a reference what that is about. */
  #reference(pointer) {
    const { $ref } = this.#at(pointer);
    return $ref ? $ref.slice(1) : pointer;
  }

  #resolved(pointer) {
    return this.#at(this.#reference(pointer));
  }

  #at(pointer) {
    const keys = pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    return keys.reduce((value, key) => value[key], this.document);
  }
}

const escaped = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");
const fixed = (template) => template.split("/").filter((part) => !part.startsWith("{")).length;
