// Imported before Hardhat is: a chain of one's own gets the fast build, compiled in seconds and kept apart from the
// production build, which real networks, benches and tests use.
const named = process.argv.some((argument) => argument === "--network" || argument.startsWith("--network="));
if (!named) process.env.PUBLICA_BUILD = "fast";

/** The build profile of this command. */
export const profile = named ? "production" : "default";
