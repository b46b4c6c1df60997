import Mocha from "mocha";

/** Marks the line of a test that failed and is tried again, so that `npm test` can name it below its table. */
export const RETRIED = "↻";

/** Mocha's own reporter, which keeps quiet about a test that fails at first: this one says what went wrong. */
class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on("retry", (test: Mocha.Test, error: Error) => {
      const [message] = error.message.split("\n");
      console.log(`    ${RETRIED} ${test.fullTitle()}: failed once, tried again (${message})`);
    });
  }
}

// Mocha loads reporters with require().
export { Reporter as "module.exports" };
