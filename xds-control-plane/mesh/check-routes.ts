import { each, type Finding, finding } from "./finding.ts";
import type {
  Forward,
  HeaderChanges,
  HttpMatch,
  HttpRule,
  PathChange,
  PathMatch,
  Redirect,
  Retries,
  ValueMatch,
} from "./route.ts";
import {
  changedHeaderProblem,
  headerNameProblem,
  headerValueProblem,
  hostnameProblem,
  numberProblem,
  pathProblem,
  regexProblem,
} from "./syntax.ts";

const longest = 24 * 60 * 60 * 1000;

export function matchProblems(match: HttpMatch): readonly Finding[] {
  return [
    ...finding("path", pathMatchProblem(match.path)),
    ...finding("method", match.method === undefined ? undefined : headerNameProblem(match.method)),
    ...each("headers", match.headers ?? [], ({ name, match: value }) => [
      ...finding("name", headerNameProblem(name)),
      ...finding("match", valueProblem(value) ?? headerValueProblem(value.value)),
    ]),
    ...each("query", match.query ?? [], ({ name, match: value }) => [
      ...finding("name", name === "" || name.length > 1024 ? "a name has 1 to 1024 characters" : undefined),
      ...finding("match", valueProblem(value)),
    ]),
  ];
}

export function pathMatchProblem(match: PathMatch): string | undefined {
  return match.kind === "regex" ? regexProblem(match.value) : pathProblem(match.value);
}

function valueProblem(match: ValueMatch): string | undefined {
  return match.kind === "regex" ? regexProblem(match.value) : undefined;
}

export function headerChangeProblems(at: string, changes: HeaderChanges | undefined): readonly Finding[] {
  if (changes === undefined) return [];
  const of = (list: HeaderChanges["set"]): readonly Finding[] =>
    each(at, list ?? [], ({ name, value }) => [
      ...finding("name", changedHeaderProblem(name)),
      ...finding("value", headerValueProblem(value)),
    ]);
  return [
    ...of(changes.set),
    ...of(changes.add),
    ...each(at, changes.remove ?? [], (name) => finding("", changedHeaderProblem(name))),
  ];
}

export function actionProblems(action: HttpRule["action"]): readonly Finding[] {
  switch (action.kind) {
    case "forward":
      return forwardProblems(action);
    case "redirect":
      return redirectProblems(action);
    case "respond":
      return [
        ...finding("action.status", numberProblem(action.status, 200, 599)),
        ...finding(
          "action.body",
          (action.body?.length ?? 0) > 1_000 ? "a body has at most 1000 characters" : undefined,
        ),
      ];
  }
}

function forwardProblems(action: Forward): readonly Finding[] {
  return [
    ...each("action.backends", action.backends, (backend) => [
      ...finding("weight", numberProblem(backend.weight, 0, 1_000_000)),
      ...headerChangeProblems("requestHeaders", backend.requestHeaders),
      ...headerChangeProblems("responseHeaders", backend.responseHeaders),
    ]),
    ...each("action.mirrors", action.mirrors ?? [], ({ perMillion }) =>
      finding("perMillion", numberProblem(perMillion, 0, 1_000_000)),
    ),
    ...finding(
      "action.hostname",
      action.hostname === undefined ? undefined : hostnameProblem(action.hostname, "names"),
    ),
    ...pathChangeProblems(action.path),
    ...optionalNumber("action.timeoutMs", action.timeoutMs, 0, longest),
    ...optionalNumber("action.tryTimeoutMs", action.tryTimeoutMs, 0, longest),
    ...(action.retries === undefined ? [] : retryProblems(action.retries)),
  ];
}

function retryProblems(retries: Retries): readonly Finding[] {
  return [
    ...finding("action.retries.attempts", numberProblem(retries.attempts, 0, 100)),
    ...each("action.retries.statusCodes", retries.statusCodes ?? [], (code) =>
      finding("", numberProblem(code, 400, 599)),
    ),
    ...optionalNumber("action.retries.backoffMs", retries.backoffMs, 1, longest / 10),
  ];
}

function redirectProblems(action: Redirect): readonly Finding[] {
  return [
    ...finding(
      "action.hostname",
      action.hostname === undefined ? undefined : hostnameProblem(action.hostname, "names"),
    ),
    ...optionalNumber("action.port", action.port, 1, 65_535),
    ...pathChangeProblems(action.path),
  ];
}

function pathChangeProblems(change: PathChange | undefined): readonly Finding[] {
  return change === undefined ? [] : finding("action.path", pathProblem(change.value));
}

export function optionalNumber(at: string, value: number | undefined, least: number, most: number): readonly Finding[] {
  return value === undefined ? [] : finding(at, numberProblem(value, least, most));
}
