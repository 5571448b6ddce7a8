// Files that the binary carries: the engine by its path, and the prelude as text.

declare module "@jitl/quickjs-ng-wasmfile-release-sync/wasm" {
  const path: string;
  export default path;
}

declare module "*/prelude.js" {
  const text: string;
  export default text;
}
