CREATE SCHEMA "rag";
--> statement-breakpoint
CREATE TABLE "rag"."chunks" (
	"document_id" bigint NOT NULL,
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "rag"."chunks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"ordinal" integer NOT NULL,
	"text" text NOT NULL,
	"headings" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"char_start" integer NOT NULL,
	"char_end" integer NOT NULL,
	"hash" text NOT NULL,
	"embedder" text NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('english'::regconfig, "headings"), 'A') || setweight(to_tsvector('english'::regconfig, "text"), 'D')) STORED,
	"embedding" vector(1536) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rag"."documents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "rag"."documents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source" text NOT NULL,
	"title" text,
	"text" text NOT NULL,
	"format" text DEFAULT 'plain' NOT NULL,
	"body_start" integer DEFAULT 0 NOT NULL,
	"lines" integer[],
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "documents_source_unique" UNIQUE("source")
);
--> statement-breakpoint
ALTER TABLE "rag"."chunks" ADD CONSTRAINT "chunks_document_id_documents_id_fk" FOREIGN KEY ("document_id") REFERENCES "rag"."documents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chunks_embedding_idx" ON "rag"."chunks" USING hnsw ("embedding" vector_cosine_ops);--> statement-breakpoint
CREATE INDEX "chunks_search_idx" ON "rag"."chunks" USING gin ("search");--> statement-breakpoint
CREATE INDEX "chunks_parent_idx" ON "rag"."chunks" USING btree ("document_id","ordinal");