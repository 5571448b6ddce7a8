// For `bun run db:generate` alone: writes the SQL of a schema change to drizzle/. Columns whose
// name differs from their key are named in the schema, so no casing is set.

export default {
  dialect: "sqlite",
  schema: "./src/db/schema.ts",
  out: "./drizzle",
};
