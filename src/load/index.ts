// Files to documents.
export { type LoadDirectoryOptions, loadDirectory } from "./directory.ts";
export { htmlLoader } from "./html.ts";
export { isSupported, type LoadFileOptions, type LoadOptions, loadBytes, loaders, loadFile } from "./load.ts";
export type { LoadContext, Loader } from "./loader.ts";
export { markdownLoader } from "./markdown.ts";
export { textLoader } from "./text.ts";
export { type FoundFile, type WalkOptions, walk } from "./walk.ts";
