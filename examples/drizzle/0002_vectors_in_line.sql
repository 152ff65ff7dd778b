ALTER TABLE "article_chunks" ALTER COLUMN "embedding" SET STORAGE PLAIN;
--> statement-breakpoint
ALTER TABLE "products" ALTER COLUMN "embedding" SET STORAGE PLAIN;
