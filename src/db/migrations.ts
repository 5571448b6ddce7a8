// The migrations of `drizzle/`, in their order, inside the binary.

import initial from "../../drizzle/0000_initial.sql" with { type: "text" };
import authors from "../../drizzle/0005_authors.sql" with { type: "text" };
import calledExecutions from "../../drizzle/0003_called_executions.sql" with { type: "text" };
import prices from "../../drizzle/0006_prices.sql" with { type: "text" };
import echoScripts from "../../drizzle/0007_echo_scripts.sql" with { type: "text" };
import comparedWords from "../../drizzle/0002_compared_words.sql" with { type: "text" };
import tools from "../../drizzle/0004_tools.sql" with { type: "text" };
import keptAnswers from "../../drizzle/0001_kept_answers.sql" with { type: "text" };

export interface Migration {
  name: string;
  sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { name: "0000_initial", sql: initial },
  { name: "0001_kept_answers", sql: keptAnswers },
  { name: "0002_compared_words", sql: comparedWords },
  { name: "0003_called_executions", sql: calledExecutions },
  { name: "0004_tools", sql: tools },
  { name: "0005_authors", sql: authors },
  { name: "0006_prices", sql: prices },
  { name: "0007_echo_scripts", sql: echoScripts },
];
