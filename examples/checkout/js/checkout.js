// Decisions for a checkout, whatever fails, and reports that are kept until they are accepted.
// Copy this file and ../fallback.json. It needs Node 20 and nothing else.

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const MARGIN = 30; // milliseconds for the way back, of the time that a server is given
const LEAST = 20; // milliseconds: with less, no server is tried
const AVOIDED = 5_000; // milliseconds for which an address that failed is tried last
const TOGETHER = 100; // reports in a call
const MOST_FALLBACKS = 100; // placements by language of which the last blocks are kept
const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{1,8}){0,4}$/;
const AT_FAULT = new Set([400, 413]); // of the request; all else may be answered by another address
const NOT_DONE = new Set([401, 404, 408, 503]); // said before anything is done
const ANSWERS = { "/v1/decide": ["placement", "slots"], "/v1/outcomes": ["receipts"] }; // what they have
// There was no connection, so nothing was sent.
const UNREACHED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"]);

export class NoAnswer extends Error {}
/** Nobody has got the request, or whoever got it has done nothing: to ask elsewhere is safe. */
export class NotDone extends NoAnswer {}
export class WrongRequest extends Error {}

/**
 * Asks each of `doors` ("http://host:port"), then `rpc(method, arguments, milliseconds)` if there is
 * one, which throws NoAnswer or WrongRequest, then answers by itself from `fallback`.
 *
 * In `directory` are the reports that nobody has accepted yet and the last fallback blocks of each
 * placement and language.
 */
export class Checkout {
  #doors;
  #key;
  #rpc;
  #shipped;
  #fallbacks = {};
  #stored;
  #reports;
  #most;
  #log;
  #sending = null;

  /** Use `await Checkout.open({doors, key, directory, fallback})`. */
  static async open(options) {
    const checkout = new Checkout(options);
    await mkdir(checkout.#reports, { recursive: true });
    try {
      checkout.#fallbacks = Object(JSON.parse(await readFile(checkout.#stored, "utf8")));
    } catch (error) {
      // As after a power failure: answers bring them back.
      if (error.code !== "ENOENT") checkout.#log.error(`fallbacks unreadable: ${error.message}`);
    }
    return checkout;
  }

  constructor({ doors, key, directory, fallback, rpc = null, mostReports = 10_000, log = console }) {
    this.#doors = doors.map((url) => ({ url, avoidedUntil: 0 }));
    this.#key = key;
    this.#rpc = rpc;
    this.#shipped = fallback;
    this.#stored = join(directory, "fallbacks.json");
    this.#reports = join(directory, "reports");
    this.#most = mostReports;
    this.#log = log;
  }

  /**
   * A decision within so many milliseconds in all; throws WrongRequest if the request is at fault.
   * Without an answer it is the stored fallback: its `decision_id` is null. A request with
   * `reserve` is sent once: without an answer, what it reserved counts until its time is over.
   */
  async decide(request, milliseconds = 500) {
    const until = performance.now() + milliseconds;
    const reasons = [];
    const routes = this.#routes();
    const once = ![undefined, null, false].includes(request.reserve); // it must not be made twice
    for (const [index, { name, call }] of routes.entries()) {
      // One that hangs leaves the others an equal part of the time, where they may be asked.
      const part = (until - performance.now()) / (once ? 1 : routes.length - index);
      if (part < LEAST) {
        reasons.push("no time left");
        break;
      }
      const deadline_ms = Math.max(1, Math.floor(part - Math.min(MARGIN, part / 3)));
      const asked = { ...request, deadline_ms };
      try {
        const decision = await call("decide", "/v1/decide", asked, { request: asked }, part);
        this.#logFailed(name, reasons);
        await this.#keepFallback(request, decision).catch((error) => this.#log.error(error));
        return decision;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        reasons.push(`${name}: ${error.message}`);
        if (once && !(error instanceof NotDone)) {
          reasons.push("it may have reserved, and is not sent again");
          break;
        }
      }
    }
    const reason = `stored fallback: ${reasons.join("; ")}`;
    this.#log.warn(reason);
    const slots = { ...this.#shipped[request.placement], ...this.#fallbacks[fallbackKey(request)] };
    return { decision_id: null, slots, reasons: [], degraded: [reason] };
  }

  /**
   * Keep on disk what became of blocks, by default of all slots; false if it is not kept.
   * `kind` is shown, clicked or converted. The stored fallback has no decision to report.
   */
  async report(decision, kind, slots = Object.keys(decision.slots), more = {}) {
    // It could never be joined with its decision.
    if (decision.decision_id === null || decision.degraded?.includes("decision_not_logged")) return true;
    const at = new Date().toISOString();
    const outcomes = slots.flatMap((slot) =>
      decision.slots[slot].map((block) => ({
        decision_id: decision.decision_id,
        slot,
        kind,
        at,
        ...(block.offer_id ? { offer_id: block.offer_id } : {}),
        ...more,
      })),
    );
    if (outcomes.length === 0) return true;
    const name = `${String(Date.now()).padStart(16, "0")}-${randomUUID()}.json`;
    try {
      if ((await this.#files()).length >= this.#most) {
        this.#log.error(`reports_full: ${outcomes.length} outcomes are dropped`);
        return false;
      }
      await write(join(this.#reports, name), outcomes);
    } catch (error) {
      // The disk is full: that is in no page's way.
      this.#log.error(`report not kept: ${error.message}`);
      return false;
    }
    return true;
  }

  /**
   * Send what is on disk and delete what is accepted; how many reports are left.
   * Sending the same twice is safe, also from several processes: each counts once.
   */
  sendReports(milliseconds = 10_000) {
    this.#sending ??= this.#sendAll(milliseconds).finally(() => (this.#sending = null));
    return this.#sending;
  }

  /** Send reports in the background from now on, what an earlier process has left first. */
  start(pause = 1_000) {
    const send = () => this.sendReports().catch((error) => this.#log.error(error));
    void send();
    const timer = setInterval(send, pause);
    timer.unref();
    return () => clearInterval(timer);
  }

  #routes() {
    const now = performance.now();
    const isAvoided = (door) => Number(door.avoidedUntil > now);
    const doors = this.#doors.toSorted((a, b) => isAvoided(a) - isAvoided(b));
    const routes = doors.map((door) => ({
      name: door.url,
      call: (_method, path, body, _arguments, part) => this.#post(door, path, body, part),
    }));
    if (this.#rpc === null) return routes;
    const call = (method, _path, _body, arguments_, part) => this.#rpc(method, arguments_, part);
    return [...routes, { name: "rpc", call }];
  }

  async #post(door, path, body, milliseconds) {
    let status, answer;
    try {
      const response = await fetch(door.url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { Authorization: `Bearer ${this.#key}`, "Content-Type": "application/json" },
        signal: AbortSignal.timeout(Math.ceil(milliseconds)),
      });
      status = response.status;
      answer = Object(await response.json()); // a proxy may say anything
    } catch (error) {
      door.avoidedUntil = performance.now() + AVOIDED;
      const reason = error.name === "TimeoutError" ? "no answer in time" : error.cause?.message;
      // Several addresses of one name are tried one after the other: each has its own error.
      const causes = error.cause?.errors ?? [error.cause];
      const isUnreached = causes.every((cause) => UNREACHED.has(cause?.code));
      throw new (isUnreached ? NotDone : NoAnswer)(reason || error.message);
    }
    if (status === 200 && ANSWERS[path].every((name) => name in answer)) {
      door.avoidedUntil = 0;
      return answer;
    }
    if (AT_FAULT.has(status) && "field" in answer) throw new WrongRequest(`${answer.field}: ${answer.message}`);
    door.avoidedUntil = performance.now() + AVOIDED;
    throw new (NOT_DONE.has(status) ? NotDone : NoAnswer)(`${status} ${answer.message ?? ""}`);
  }

  /**
   * Keep the fallback blocks that an answer shows, for when there is none.
   * They are written when they change alone. Of too many those go that changed first: the next answer
   * brings them back.
   */
  async #keepFallback(request, decision) {
    const { [fallbackKey(request)]: kept = {}, ...others } = this.#fallbacks;
    const changed = Object.entries(decision.slots).filter(
      ([slot, blocks]) =>
        blocks.length > 0 &&
        blocks.every((block) => block.offer_id === null) &&
        JSON.stringify(kept[slot]) !== JSON.stringify(blocks),
    );
    if (changed.length === 0) return;
    const slots = { ...kept, ...Object.fromEntries(changed) };
    const entries = [...Object.entries(others), [fallbackKey(request), slots]];
    this.#fallbacks = Object.fromEntries(entries.slice(-MOST_FALLBACKS));
    await write(this.#stored, this.#fallbacks);
  }

  async #files() {
    const names = await readdir(this.#reports);
    return names.filter((name) => !name.startsWith(".") && name.endsWith(".json")).sort();
  }

  async #sendAll(milliseconds) {
    const files = await this.#files();
    for (let start = 0; start < files.length; start += TOGETHER) {
      if (!(await this.#send(files.slice(start, start + TOGETHER), milliseconds))) break;
    }
    return (await this.#files()).length;
  }

  /** Send the reports of some files together, or one by one if they are refused together. */
  async #send(files, milliseconds) {
    const outcomes = [];
    for (const file of files) {
      try {
        outcomes.push(...JSON.parse(await readFile(join(this.#reports, file), "utf8")));
      } catch (error) {
        // As after a power failure; the others are not to wait for it.
        if (error instanceof SyntaxError) this.#log.error(`report unreadable: ${file}`);
        else if (error.code !== "ENOENT") throw error; // another process has just sent it
      }
    }
    let receipts = [];
    try {
      ({ receipts } = await this.#answer("record_outcomes", "/v1/outcomes", { outcomes }, milliseconds));
    } catch (error) {
      if (error instanceof NoAnswer) {
        this.#log.warn(`reports wait: ${error.message}`);
        return false;
      }
      if (!(error instanceof WrongRequest)) throw error;
      if (files.length > 1) {
        for (const file of files) if (!(await this.#send([file], milliseconds))) return false;
        return true;
      }
      this.#log.error(`report refused: ${error.message}`);
    }
    for (const { status, errors } of receipts) {
      if (status === "rejected" || status === "conflict") {
        this.#log.error(`outcome ${status}: ${JSON.stringify(errors)}`);
      }
    }
    for (const file of files) await rm(join(this.#reports, file), { force: true });
    return true;
  }

  /** Log who did not answer before `name` did: a wrong key, say, would be noticed by nobody. */
  #logFailed(name, reasons) {
    if (reasons.length === 0) return;
    this.#log.warn(`answered by ${name}, as others failed: ${reasons.join("; ")}`);
  }

  async #answer(method, path, body, milliseconds) {
    const reasons = [];
    for (const { name, call } of this.#routes()) {
      try {
        const answer = await call(method, path, body, body, milliseconds);
        this.#logFailed(name, reasons);
        return answer;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        reasons.push(`${name}: ${error.message}`);
      }
    }
    throw new NoAnswer(reasons.join("; "));
  }
}

/**
 * The placement and the language of a request: by nothing else do fallback blocks differ.
 * Of a header such as `de-AT,de;q=0.9` the first language counts; what is none has the shop's own.
 */
function fallbackKey({ placement, context }) {
  const [first] = typeof context?.language === "string" ? context.language.split(/[,;]/) : [""];
  const tag = first.trim().replaceAll("_", "-").toLowerCase();
  return `${placement} ${LANGUAGE.test(tag) ? tag : ""}`;
}

/** Write JSON so that a reader, or the next process, sees all of it or nothing. */
async function write(path, value) {
  const unfinished = `${path}.${randomUUID()}.unfinished`;
  try {
    const file = await open(unfinished, "w");
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
