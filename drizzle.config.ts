import { defineConfig } from "drizzle-kit";

// `npm run generate` writes migrations/ for the tables that the package itself brings.
export default defineConfig({ dialect: "postgresql", schema: "./src/table/ready.ts", out: "./migrations" });
