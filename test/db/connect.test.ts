// Opening databases: the URL rules, the lock on an embedded folder, migrations, and errors in our words.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { sql } from "drizzle-orm";
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import { drizzle as drizzlePglite } from "drizzle-orm/pglite";
import pg from "pg";
import { afterAll, describe, expect, inject, it } from "vitest";
import { connect, withoutPassword } from "../../src/db/connect.ts";
import { driverOf, rows } from "../../src/db/database.ts";
import { lockFolder } from "../../src/db/lock.ts";
import { migrate } from "../../src/db/migrate.ts";
import {
  ConfigurationError,
  ConstraintError,
  DatabaseLockedError,
  DatabaseUnreachableError,
  MissingExtensionError,
  MissingMigrationError,
} from "../../src/errors.ts";
import { collection } from "../../src/store/collection.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { freshServerDatabase, onServer } from "../helpers/database.ts";

const folder = mkdtempSync(join(tmpdir(), "drizzle-rag-db-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const embedder = fakeEmbedder({ dimensions: 1536 });

describe("connect", () => {
  it("keeps what was written to a folder", async () => {
    const path = join(folder, "kept");
    const db = await connect(path);
    await migrate(db);
    await collection(db, { embedder }).insert({ source: "a", text: "Water is wet." });
    await db.close();
    await db.close();
    await using again = await connect(path);
    await migrate(again);
    expect(await collection(again, { embedder }).count()).toBe(1);
    expect(driverOf(again)).toBe("pglite");
  });

  it("says that tables are missing, and how they come", async () => {
    await using db = await connect("memory://");
    const docs = collection(db, { embedder });
    await expect(docs.count()).rejects.toThrow(MissingMigrationError);
    await expect(docs.count()).rejects.toThrow(/Run migrate\(db\)/);
    await expect(docs.search("x")).rejects.toThrow(MissingMigrationError);
    await expect(docs.insert({ source: "a", text: "b" })).rejects.toThrow(MissingMigrationError);
  });

  it("refuses addresses it cannot open, without showing a password", async () => {
    await expect(connect("mysql://user:secret@host/db")).rejects.toThrow(ConfigurationError);
    await expect(connect("mysql://user:secret@host/db")).rejects.not.toThrow(/secret/);
    await expect(connect("postgres://user:secret@127.0.0.1:1/db")).rejects.toThrow(DatabaseUnreachableError);
    await expect(connect("postgres://user:secret@127.0.0.1:1/db")).rejects.toThrow(/user:\*\*\*@127\.0\.0\.1:1/);
    expect(withoutPassword("postgres://a:b:c@h/d?x=1")).toBe("postgres://a:***@h/d?x=1");
    expect(withoutPassword("postgres://h/d")).toBe("postgres://h/d");
  });
});

describe.runIf(onServer)("connect to a server", () => {
  it("opens a pool, migrates from several processes at once, and closes", async () => {
    const { url } = await freshServerDatabase();
    const dbs = await Promise.all([connect(url), connect(url), connect(url)]);
    await Promise.all(dbs.map((db) => migrate(db)));
    expect(await collection(dbs[0] as never, { embedder }).count()).toBe(0);
    expect(driverOf(dbs[0] as never)).toBe("node-postgres");
    await Promise.all(dbs.map((db) => db.close()));
  });

  it("names what is wrong with the address", async () => {
    const url = new URL(inject("server"));
    url.pathname = "/there_is_no_such_database";
    await expect(connect(url.href)).rejects.toThrow(/does not exist/);
  });

  it("reports a connection that was cut, and works again", async () => {
    const { url } = await freshServerDatabase();
    await using db = await connect(url, { max: 1 });
    const [{ pid }] = (await rows<{ pid: number }>(db, sql`select pg_backend_pid() as pid`)) as [{ pid: number }];
    await using killer = await connect(url);
    await migrate(killer);
    const docs = collection(db, { embedder });
    await killer.execute(sql`select pg_terminate_backend(${pid})`);
    // Whether the pool has noticed by now decides if this one fails; if it does, it says so by name.
    await docs.count().catch((error) => expect(error).toBeInstanceOf(DatabaseUnreachableError));
    expect(await docs.count()).toBe(0);
  });
});

describe("the lock on a folder", () => {
  it("holds off a second opener, this process included, and is gone after close", async () => {
    const path = join(folder, "one");
    const db = await connect(path);
    await expect(connect(path)).rejects.toThrow(DatabaseLockedError);
    await expect(connect(path)).rejects.toThrow(/very process/);
    await db.close();
    expect(existsSync(join(path, "drizzle-rag.lock"))).toBe(false);
    await (await connect(path)).close();
  });

  it("names the process that has it, and takes over from one that was killed", async () => {
    const path = join(folder, "two");
    const script = `import { lockFolder } from ${JSON.stringify(new URL("../../src/db/lock.ts", import.meta.url).href)};
      lockFolder(${JSON.stringify(path)}); console.log("locked"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(() => lockFolder(path)).toThrow(new RegExp(`process ${child.pid}`));
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    lockFolder(path).release();
  });

  it("does not take a process for the holder that merely has its number, nor trust one elsewhere to be gone", () => {
    const path = join(folder, "three");
    lockFolder(path).release();
    const file = join(path, "drizzle-rag.lock");
    if (process.platform === "linux") {
      writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname(), began: "1" }));
      lockFolder(path).release();
    }
    writeFileSync(file, JSON.stringify({ pid: 1, host: "elsewhere", began: null }));
    expect(() => lockFolder(path)).toThrow(/on elsewhere.*delete/);
    writeFileSync(file, "not ours");
    expect(() => lockFolder(path)).toThrow(DatabaseLockedError);
    expect(readFileSync(file, "utf8")).toBe("not ours");
  });
});

describe("the application's own database", () => {
  it("says that pgvector is not there", async () => {
    const client = await PGlite.create();
    await expect(migrate(drizzlePglite(client))).rejects.toThrow(MissingExtensionError);
    await expect(migrate(drizzlePglite(client))).rejects.toThrow(/pgvector/);
    await client.close();
  });

  it.runIf(onServer)("uses its pool without holding, leaking or closing it", async () => {
    const { url } = await freshServerDatabase();
    // With one connection, anything that is held makes the next statement wait for ever.
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const db = drizzlePg(pool);
    await migrate(db);
    const docs = collection(db, { embedder });
    await docs.insert({ source: "a", text: "Water is wet." });
    await docs.load([{ source: "b", text: "Fire is hot." }]);
    expect(await docs.search("fire", { limit: 50 })).toHaveLength(2);
    await expect(docs.insert({ source: "a", text: "Again." })).rejects.toThrow(ConstraintError);
    await db.transaction(async (tx) => void (await docs.in(tx).search("fire", { limit: 50 })));
    expect([pool.totalCount, pool.idleCount, pool.waitingCount, pool.ended]).toEqual([1, 1, 0, false]);
    await pool.end();
  });
});

describe("migrate", () => {
  it("refuses a folder without migrations", async () => {
    await using db = await connect();
    await expect(migrate(db, { folder: folder })).rejects.toThrow(/drizzle-kit generate/);
  });
});
