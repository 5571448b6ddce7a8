// Files of the page as the binary carries them: a path to read from, or their text.

declare module "swagger-ui-dist/*.js" {
  const path: string;
  export default path;
}

declare module "swagger-ui-dist/*.css" {
  const path: string;
  export default path;
}

declare module "*/init.js" {
  const text: string;
  export default text;
}
