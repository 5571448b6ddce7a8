// Guides that are ahead of the program.

/**
 * Guides to what this program does not have yet. They are neither run nor held against it; once all
 * their words are in the program, a rule asks for their removal from here.
 */
export const AHEAD: readonly string[] = ["docs/guides/github.md"];
