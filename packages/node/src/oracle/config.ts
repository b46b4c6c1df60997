import { z } from "zod";
import { duration } from "../runtime/config.ts";
import { keySourceSchema } from "../runtime/keys.ts";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "write an address: 0x and 40 hex digits");
const bytes32 = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "write a 32-byte id: 0x and 64 hex digits")
  .transform((id) => id.toLowerCase());
const decimal = z.union([z.number(), z.string().regex(/^\d+(\.\d+)?$/, "write a number")]).transform(Number);
const publicKey = z
  .string()
  .regex(/^0x0[234]([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$/, "write a public key in SEC1 form, 0x02…, 0x03… or 0x04…");

const feed = z.strictObject({
  /** The feed's id on chain. */
  id: bytes32,
  /** A name for people. */
  name: z.string().min(1),
  /** Last part of the SenML name of the records that measure it. */
  measurement: z.string().min(1),
  /** Unit of the value on chain, before its decimals. */
  unit: z.string().min(1),
  /** Length of a round; all sensors of the feed share it. */
  round: duration,
  /** How long after a round's beginning to wait for the last sensors once there are enough. */
  grace: duration.default(2),
  /** Values whose crossing is reported at once, in the feed's unit. */
  triggers: z.array(z.number()).default([]),
  limits: z
    .strictObject({
      min: z.number().default(Number.NEGATIVE_INFINITY),
      max: z.number().default(Number.POSITIVE_INFINITY),
      /** Greatest believable change in an hour. */
      ratePerHour: z.number().positive().default(Number.POSITIVE_INFINITY),
      /** As many equal values in a row mean a stuck sensor; 0: never. */
      stuckAfter: z.number().int().min(0).default(0),
    })
    .prefault({}),
  /** When this node is a member of the feed's committee: its enrolled key. The feed is then reported to AttestedFeed. */
  committee: z.strictObject({ key: keySourceSchema }).optional(),
  /** When this node is itself a sensor of the feed: its key, and the devices whose window median it signs. */
  own: z
    .strictObject({
      key: keySourceSchema,
      curve: z.enum(["secp256k1", "p256"]).default("secp256k1"),
      devices: z
        .array(z.strictObject({ curve: z.enum(["secp256k1", "p256"]), publicKey }))
        .min(1)
        .refine(
          (list) => new Set(list.map((device) => device.publicKey)).size === list.length,
          "a key is listed twice",
        ),
    })
    .optional(),
});

const settings = z.strictObject({
  chain: z.strictObject({
    id: z.number().int().positive(),
    rpc: z.array(z.url()).min(1, "give at least one endpoint, better two"),
    /** Address of SensorFeeds. */
    sensorFeeds: address,
    /** Address of AttestedFeed, when this node serves in committees. */
    attestedFeed: address.optional(),
    /** Blocks until a block counts as final. */
    finality: z.number().int().min(1).default(64),
    poll: duration.default(2),
    fees: z
      .strictObject({
        maxFeeGwei: decimal.default(100),
        minTipGwei: decimal.default(0.001),
        maxTipGwei: decimal.default(3),
        bumpAfter: duration.default(30),
        bumpPercent: z.number().min(12.5, "networks refuse less than 12.5").max(100).default(12.5),
        /** What the account may spend in 24 hours. */
        dayBudgetEther: decimal.default(0.1),
      })
      .prefault({}),
  }),
  /** Pays for the reports. */
  key: keySourceSchema,
  database: z.string().min(1).default("data/node.db"),
  /** FULL survives a power cut, NORMAL a killed process. */
  durability: z.enum(["FULL", "NORMAL"]).default("FULL"),
  /** How long readings and quarantined messages are kept. */
  retention: duration.default(90 * 86_400),
  http: z
    .strictObject({
      host: z.string().default("127.0.0.1"),
      port: z.number().int().min(0).max(65_535).default(8080),
    })
    .prefault({}),
  mqtt: z
    .union([
      z.strictObject({
        embedded: z.strictObject({
          host: z.string().default("127.0.0.1"),
          port: z.number().int().min(0).max(65_535).default(1883),
        }),
      }),
      z.strictObject({
        url: z.url(),
        clientId: z.string().min(1).default("publica-node"),
        /** 4 is MQTT 3.1.1. */
        version: z.union([z.literal(4), z.literal(5)]).default(4),
        username: z.string().optional(),
        passwordFile: z.string().optional(),
      }),
      z.literal(false),
    ])
    .prefault({ embedded: {} }),
  /** Recordings to take in at start: messages (JSON lines, or a CSV with columns at and message), or a CSV of bare values. */
  replay: z
    .array(
      z.strictObject({
        file: z.string().min(1),
        /** Times as fast as recorded; 0: as fast as possible. */
        speed: z.number().min(0).default(0),
        /** For a CSV of bare values: what its columns are, and the key of the device that answers for them. */
        rows: z
          .strictObject({
            key: keySourceSchema,
            curve: z.enum(["secp256k1", "p256"]).default("secp256k1"),
            /** Names of columns. */
            time: z.string().min(1),
            value: z.string().min(1),
            measurement: z.string().min(1),
            /** The feed's unit unless told otherwise. */
            unit: z.string().min(1).optional(),
            /** Gives each value the time at which it is played, for recordings of other years. */
            restamp: z.boolean().default(false),
          })
          .optional(),
      }),
    )
    .default([]),
  clock: z.strictObject({ maxAhead: duration.default(30), maxAge: duration.default(7 * 86_400) }).prefault({}),
  feeds: z.array(feed).min(1, "name at least one feed"),
  /** The other nodes that report the same feeds. */
  peers: z.array(z.strictObject({ url: z.url(), account: address })).default([]),
  /** How long each node waits for the one before it in a round's order. */
  stagger: duration.default(10),
  log: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});

export const oracleConfigSchema = settings.superRefine(({ chain, feeds, peers }, context) => {
  for (const [index, { committee, own }] of feeds.entries()) {
    const path = ["feeds", index, "committee"];
    if (committee === undefined) continue;
    if (chain.attestedFeed === undefined)
      context.addIssue({ code: "custom", path, message: "give the contract's address in chain.attestedFeed" });
    if (own !== undefined)
      context.addIssue({
        code: "custom",
        path,
        message: "a node is a feed's sensor or its committee's member, not both",
      });
    if (peers.length === 0)
      context.addIssue({ code: "custom", path, message: "name the other members' nodes in peers" });
  }
});

export type OracleConfig = z.infer<typeof oracleConfigSchema>;
export type FeedSettings = OracleConfig["feeds"][number];
