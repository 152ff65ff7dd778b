// Row-level security with many tenants: a search by a role that owns nothing finds ten rows for each of them.
import { sql } from "drizzle-orm";
import { collection } from "../../src/store/collection.ts";
import { quick, report, say } from "../lib/report.ts";
import { prose } from "../lib/text.ts";
import { embeddings } from "../lib/vectors.ts";
import { type Bench, drizzle, filledPassages, passageRows, passages, withPool } from "./bench.ts";

const dimensions = 384;
const tenants = quick ? 20 : 1000;
/** A tenant's rows, all of the same number: the bucket is the tenant. */
const each = 20;

export async function rls({ url, role }: Bench): Promise<void> {
  await withPool(url, async (owner) => {
    say(`rls: ${tenants} tenants of ${each} rows × ${dimensions}`);
    await owner.query(`create role ${role}`);
    for (const [name, what] of [
      ["tenants", "without an index on the tenant"],
      ["tenants_indexed", "with one"],
    ] as const) {
      const rows = passageRows(tenants * each, embeddings(dimensions, 8), prose(20, 9));
      await filledPassages(owner, name, dimensions, ofTenants(rows));
      if (name === "tenants_indexed") await owner.query(`create index on ${name} (bucket)`);
      await owner.query(`alter table ${name} enable row level security`);
      await owner.query(`create policy own on ${name} using (bucket = (select current_setting('app.tenant', true)::int))`);
      await owner.query(`grant select on ${name} to ${role}`);
      const complete = await searchAsTenants(url, role, name);
      report({
        measure: `RLS, ${tenants} tenants, ${what}: tenants that get 10 rows of 10, all their own`,
        value: complete,
        unit: `of ${tenants}`,
        bar: `>= ${tenants}`,
      });
    }
  });
}

function* ofTenants<T extends { bucket: number; id: number }>(rows: Iterable<T>): Generator<T> {
  for (const row of rows) yield { ...row, bucket: (row.id * 7919) % tenants };
}

/** How many tenants got ten rows, all theirs. The role is set for the connection, the tenant for each transaction. */
async function searchAsTenants(url: string, role: string, name: string): Promise<number> {
  return withPool(
    url,
    async (pool) => {
      const db = drizzle(pool);
      const table = passages(name, dimensions);
      const docs = collection(db, { documents: table, text: table.content });
      const question = embeddings(dimensions, 8, 7);
      let complete = 0;
      for (let tenant = 0; tenant < tenants; tenant++) {
        const hits = await db.transaction(async (tx) => {
          await tx.execute(sql`select set_config('app.tenant', ${String(tenant)}, true)`);
          return docs.in(tx).search(question(), { limit: 10 });
        });
        if (hits.length === 10 && hits.every((hit) => hit.document.bucket === tenant)) complete++;
      }
      return complete;
    },
    { options: `-c role=${role}` },
  );
}
