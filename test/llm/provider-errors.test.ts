import { describe, expect, it } from "vitest";
import * as errors from "../../src/errors.ts";
import { httpError, providerError } from "../../src/util/provider-errors.ts";

const place = { provider: "p", model: "m" };

describe("providerError", () => {
  it("returns aborts, own errors and mistakes in the program as they are", () => {
    const abort = new DOMException("stop", "AbortError");
    const own = new errors.InvalidResponseError("x", { provider: "q" });
    const bug = new TypeError("x is not a function");
    for (const error of [abort, own, bug]) expect(providerError(error, place)).toBe(error);
  });

  it.each([
    [
      new TypeError("fetch failed", { cause: new AggregateError([new Error("connect ECONNREFUSED 127.0.0.1:1")]) }),
      errors.ProviderConnectionError,
      "ECONNREFUSED",
    ],
    [new TypeError("terminated"), errors.ProviderConnectionError, "terminated"],
    [Object.assign(new Error("read"), { code: "ECONNRESET" }), errors.ProviderConnectionError, "read"],
    [new DOMException("late", "TimeoutError"), errors.ProviderTimeoutError, "in time"],
    [new SyntaxError("Unexpected token"), errors.InvalidResponseError, "not JSON"],
    [{ status: 418, body: "teapot" }, errors.ProviderError, "418 teapot"],
    ["odd", errors.ProviderError, "odd"],
  ])("names %s", (thrown, leaf, says) => {
    const error = providerError(thrown, place);
    expect(error).toBeInstanceOf(leaf);
    expect(error.message).toContain("p/m");
    expect(error.message).toContain(says);
    expect(error).toMatchObject({ provider: "p", model: "m" });
  });
});

describe("httpError", () => {
  it.each([
    [400, {}, errors.BadRequestError],
    [400, { error: { code: "model_not_found", message: "no" } }, errors.NotFoundError],
    [400, { error: { code: "context_length_exceeded", message: "no" } }, errors.ContextLengthError],
    [400, { error: "request exceeds the available context size" }, errors.ContextLengthError],
    [402, {}, errors.PermissionDeniedError],
    [408, {}, errors.ProviderTimeoutError],
    [400, { error: { message: "filtered", code: "content_filter" } }, errors.ContentFilterError],
    [400, { error: { message: "no", code: "content_policy_violation" } }, errors.ContentFilterError],
    [
      400,
      { error: { type: "invalid_request_error", message: "Output blocked by content filtering policy" } },
      errors.ContentFilterError,
    ],
    [409, {}, errors.BadRequestError],
    [413, {}, errors.BadRequestError],
    [422, {}, errors.BadRequestError],
    [429, { error: { code: "insufficient_quota", message: "maximum context length" } }, errors.QuotaExceededError],
    [502, "<html>", errors.ServerError],
    [503, {}, errors.OverloadedError],
    [undefined, { error: { type: "overloaded_error", message: "busy" } }, errors.OverloadedError],
    [undefined, { error: { code: 502, message: "upstream" } }, errors.ServerError],
    [undefined, { message: "?", type: "constructor" }, errors.ProviderError],
  ])("%s %j", (status, body, leaf) => {
    const error = httpError({ status, body }, place);
    expect(error.constructor).toBe(leaf);
    expect(error).toMatchObject({ status, raw: body, provider: "p", model: "m" });
  });

  it.each([
    [{ "retry-after-ms": "250" }, 250],
    [{ "Retry-After": "2" }, 2000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }, 0],
    [new Headers({ "retry-after": "3" }), 3000],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("reads how long to wait from %j", (headers, ms) => {
    expect(httpError({ status: 429, body: {}, headers }, place).retryAfter).toBe(ms);
  });

  it("reads a date to come", () => {
    const headers = { "retry-after": new Date(Date.now() + 60_000).toUTCString() };
    const { retryAfter } = httpError({ status: 429, body: {}, headers }, place);
    expect(retryAfter).toBeGreaterThan(50_000);
    expect(retryAfter).toBeLessThanOrEqual(60_000);
  });
});
