// The end of .ci/run: counts the tests of all suites, and takes for a failure what was skipped though it could have run here.
//   node report.mjs <folder of reports> [<step that failed>…]
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...failedSteps] = process.argv.slice(2);
const suites = ["package", "embedded", "postgres"];
const withData = Boolean(process.env.DRIZZLE_RAG_DATA && process.env.DRIZZLE_RAG_WIRE);

/** A test that belongs to the other kind of database says so in its name, or in that of a group around it. */
const elsewhere = { embedded: /\b(server|pool)\b/, postgres: /\bembedded\b/, package: /$^/ };

/** Root may read everything, so what happens when one may not cannot be seen. */
const notAsRoot = /\bmay not read\b/;
const isRoot = process.getuid?.() === 0;

let passed = 0;
let failed = 0;
const complaints = [];
for (const suite of suites) {
  const path = join(folder, `${suite}.json`);
  if (!existsSync(path)) {
    complaints.push(`${suite}: no report, so no test ran`);
    continue;
  }
  const { testResults } = JSON.parse(readFileSync(path, "utf8"));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const by = (...states) => tests.filter(({ status }) => states.includes(status));
  const skipped = by("pending", "skipped", "todo", "disabled");
  // A file that could not be loaded has no tests of its own.
  const broken = testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0);
  for (const { name, message } of broken) complaints.push(`${suite}: ${name}: ${message}`);
  const needless = skipped.filter(({ fullName }) => !elsewhere[suite].test(fullName) && !(isRoot && notAsRoot.test(fullName)));
  if (withData) for (const { fullName } of needless) complaints.push(`${suite}: skipped, though it could run here: ${fullName}`);
  passed += by("passed").length;
  failed += by("failed").length;
  console.log(`${suite}: ${by("passed").length} passed, ${by("failed").length} failed, ${skipped.length} skipped`);
}
if (!withData) console.log("Tests on real data were skipped: DRIZZLE_RAG_DATA and DRIZZLE_RAG_WIRE are not set.");
for (const step of failedSteps) if (!suites.includes(step)) complaints.push(`${step} failed`);
for (const complaint of complaints) console.log(complaint);
// A suite may fail without a failed test, such as by an error outside of any.
if (failed === 0 && complaints.length === 0 && failedSteps.length > 0) complaints.push(...failedSteps);
failed += complaints.length;
if (passed === 0) failed++;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
