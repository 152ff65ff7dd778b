-- Kept out of line (TOAST), vectors make the table look small to the planner, which then reads it whole instead of using the index.
ALTER TABLE "rag"."chunks" ALTER COLUMN "embedding" SET STORAGE PLAIN;
