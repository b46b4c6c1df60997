import type { Command } from "@commander-js/extra-typings";
import type { Io } from "../lib/io.ts";
import { communityCommand } from "./community.ts";
import { completionCommand } from "./completion.ts";
import { deployCommand } from "./deploy.ts";
import { doctorCommand } from "./doctor.ts";
import { energyCommand } from "./energy.ts";
import { inspectCommand } from "./inspect.ts";
import { insureCommand } from "./insure.ts";
import { willCommand } from "./will.ts";

/** Every command. A scenario adds its file here and nowhere else. */
export const commands: readonly ((io: Io) => Command)[] = [
  inspectCommand,
  doctorCommand,
  deployCommand,
  completionCommand,
  insureCommand,
  energyCommand,
  communityCommand,
  willCommand,
];
