import { Command, Help, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { generateEncryptionKey } from "@publica/sdk/crypto";
import { PublicaError } from "@publica/sdk";
import { WILL_STATES } from "@publica/sdk/wills";
import type { Address, Hex } from "viem";
import { deployedContext } from "../lib/context.ts";
import { UsageError } from "../lib/errors.ts";
import { type Io, present } from "../lib/io.ts";
import { type ChainOptions, deploymentOption, jsonOption, parseAddress, rpcOption } from "../lib/options.ts";
import { carryOut } from "../lib/sending.ts";
import { openWallet, signing, type Wallet, type WalletOptions, yesOption } from "../lib/wallet.ts";
import {
  certify,
  planDeathClaim,
  planExtension,
  planFinalising,
  planOverdueClaim,
  planPublication,
  planVeto,
} from "../will/dying.ts";
import { TEMPLATE } from "../will/draft.ts";
import {
  checkHealth,
  planDealDispute,
  planDeliveryDispute,
  planHealth,
  planLeak,
  planTestimony,
  readHealth,
  readTestimony,
  testify,
} from "../will/evidence.ts";
import {
  planAcceptance,
  planBeat,
  planCreation,
  planKey,
  planRelayedBeats,
  planRevocation,
  readAcceptances,
  signAcceptance,
  writeAcceptance,
  writeBeat,
} from "../will/living.ts";
import { planLossConfirmation, planLossProposal, planObjection, signObjection, vote } from "../will/losing.ts";
import {
  confirmIrreversible,
  loadUnchecked,
  loadWill,
  type Office,
  officeOf,
  type Prepared,
  requireFree,
  unlockedOnce,
  writeSigned,
} from "../will/office.ts";
import { handOver, openDocument, planOpeningRecord } from "../will/opening.ts";
import { planRelease, signRelease } from "../will/paying.ts";
import { planPayout } from "../will/payout.ts";
import { readPerson } from "../will/people.ts";
import { willStatus } from "../will/status.ts";
import { storeOption } from "../will/stores.ts";

function willId(text: string): Hex {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new InvalidArgumentError("A will's id is 0x and 64 hex digits.");
  return text.toLowerCase() as Hex;
}

const addresses = (text: string, before: readonly Address[]): Address[] => [...before, parseAddress(text)];

function position(text: string): number {
  if (!/^([1-9]|1[0-6])$/.test(text))
    throw new InvalidArgumentError("People are numbered from 1, in the manifest's order.");
  return Number(text);
}

function units(text: string): bigint {
  if (!/^[1-9]\d{0,38}$/.test(text)) throw new InvalidArgumentError("It takes a whole number of base units.");
  return BigInt(text);
}

function moment(text: string): number {
  const seconds = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text) / 1000;
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || !Number.isInteger(seconds))
    throw new InvalidArgumentError("A time is 2031-05-01 or 2031-05-01T14:30:00Z.");
  return seconds;
}

const shared: readonly string[] = signing(new Command().addOption(yesOption)).options.map(({ flags }) => flags);

/** In the help, what a command is about stands before what all of them take. */
function ownOptionsFirst(command: Parameters<Help["visibleOptions"]>[0]): ReturnType<Help["visibleOptions"]> {
  const options = new Help().visibleOptions(command);
  const isShared = ({ flags }: { readonly flags: string }): boolean => shared.includes(flags);
  return [...options.filter((option) => !isShared(option)), ...options.filter(isShared)];
}

/** The registry's refusal with the state's name in place of its number. */
function stateInWords(error: unknown): unknown {
  if (!(error instanceof PublicaError) || error.code !== "WillStateWrong") return error;
  const state = WILL_STATES[Number(error.values[1])] ?? "in another state";
  const remedy = "publica will status tells what comes next.";
  return new PublicaError(error.code, `The will is ${state}: this is not possible now.`, remedy, error.values, error);
}

const manifestOption = new Option("--manifest <file>", "the will's manifest").makeOptionMandatory();
const encryptionKeyOption = new Option(
  "--encryption-key <file>",
  "a key file of publica will key --generate (default: the key the wallet's signature gives)",
);
const encryptionPasswordOption = new Option("--encryption-password-file <file>", "read the key file's password here");

/** `publica will`: sealed while alive, opened together. */
export function willCommand(io: Io): Command {
  const will = new Command("will")
    .description("wills: sealed while alive, opened together")
    .addHelpText(
      "after",
      "\nNothing is sent without --yes. Documents, shares and keys are never printed, and only what you name is written.\n\nExample: publica will status --manifest will.json",
    );

  type Options = ChainOptions & WalletOptions & { yes?: true | undefined; json?: true | undefined };

  async function enter(options: Options): Promise<{ office: Office; wallet: Wallet }> {
    const context = await deployedContext(io, options);
    return { office: officeOf(context), wallet: unlockedOnce(await openWallet(io, context, options)) };
  }

  /** Shows what would happen, or makes it happen: files first, then the transactions. */
  async function execute(office: Office, wallet: Wallet, options: Options, prepared: Prepared): Promise<void> {
    const { plan, before } = prepared;
    if (options.yes) await before?.();
    const report = await carryOut(plan, { yes: options.yes, connection: office.context, wallet }).catch(
      (error: unknown) => {
        throw stateInWords(error);
      },
    );
    present(io, options.json, report);
  }

  const command = (name: string, description: string) =>
    signing(
      will
        .command(name)
        .description(description)
        .configureHelp({ visibleOptions: ownOptionsFirst })
        .addOption(yesOption),
    );

  command("key", "make an encryption key, so that shares can be sealed for you")
    .addOption(
      new Option("--suite <name>", "xwing also holds against quantum computers")
        .choices(["x25519", "xwing"] as const)
        .default("x25519" as const),
    )
    .requiredOption("--out <file>", "the file to hand out; nothing in it is secret")
    .option(
      "--generate <file>",
      "make a key of its own, kept in this file under a password, rather than from the wallet",
    )
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nWallets that sign differently each time, and contract accounts, need --generate.\n\nExample: publica will key --keystore anna.wallet --out anna.json --yes",
    )
    .action(async (options) => {
      const { office, wallet } = await enter(options);
      const generated = options.generate === undefined ? undefined : await generateEncryptionKey(options.suite);
      await execute(office, wallet, options, await planKey(io, office, wallet, generated, options));
    });

  command("create", "seal a document as a draft says; with --supersede as a new version")
    .option("--template", "print a draft to begin with, and nothing else")
    .option("--draft <file>", "who and what: heirs, guardians, executors, terms, bequests")
    .option("--document <file>", "the will itself; any file")
    .option("--out <file>", "where to write the manifest", "will.json")
    .addOption(storeOption)
    .addOption(
      new Option("--cipher <name>", "how the document is encrypted")
        .choices(["xchacha20-poly1305", "aes-256-gcm"] as const)
        .default("xchacha20-poly1305" as const),
    )
    .addOption(new Option("--durable", "keep the manifest in the chain's state as well"))
    .addOption(new Option("--supersede", "replace the will: a codicil, or a new deal after a leak"))
    .addHelpText(
      "after",
      "\nEverybody named must have run publica will key. Give the manifest to heirs, guardians and executors.\n\nExample: publica will create --draft draft.json --document will.pdf --keystore me.wallet --yes",
    )
    .action(async ({ template, draft, document, ...options }) => {
      if (template) {
        io.stdout(TEMPLATE);
        return;
      }
      if (draft === undefined || document === undefined) throw new UsageError("name --draft FILE and --document FILE");
      const { office, wallet } = await enter(options);
      await execute(office, wallet, options, await planCreation(io, office, wallet, { ...options, draft, document }));
    });

  command("accept", "accept a will: proves that you hold the share the manifest names")
    .addOption(manifestOption)
    .option("--sign <file>", "write the signed acceptance to this file, for somebody else to send")
    .option("--relay <files...>", "send acceptances that others signed")
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText("after", "\nExample: publica will accept --manifest will.json --keystore anna.wallet --yes")
    .action(async ({ sign: out, relay, ...options }) => {
      if (out !== undefined && relay !== undefined) throw new UsageError("--sign and --relay exclude each other");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (relay !== undefined) {
        const acceptances = readAcceptances(io, relay, loaded);
        await execute(office, wallet, options, planAcceptance(office, wallet.address, loaded, acceptances));
        return;
      }
      if (out !== undefined) requireFree(io, out);
      const acceptance = await signAcceptance(io, wallet, loaded, options);
      if (out === undefined) {
        await execute(office, wallet, options, planAcceptance(office, wallet.address, loaded, [acceptance]));
        return;
      }
      writeAcceptance(io, out, loaded, acceptance);
      present(io, options.json, {
        data: { file: out, heir: acceptance.index },
        text: `heir ${acceptance.index} accepts; written to ${out}`,
      });
    });

  command("beat", "give a sign of life; during a claim it is the veto")
    .addOption(new Option("--will <id>", "the will's id").argParser(willId))
    .option("--sign <file>", "write a signed heartbeat to this file, for somebody else to send")
    .option("--relay <files...>", "send heartbeats that testators signed")
    .addHelpText(
      "after",
      "\nA signed heartbeat is no veto: during a claim, beat or veto yourself.\n\nExample: publica will beat --will 0xf39f…00 --keystore me.wallet --yes",
    )
    .action(async ({ will: id, sign: out, relay, ...options }) => {
      if (out !== undefined && relay !== undefined) throw new UsageError("--sign and --relay exclude each other");
      const { office, wallet } = await enter(options);
      if (relay !== undefined) {
        await execute(office, wallet, options, planRelayedBeats(io, office, wallet.address, relay));
        return;
      }
      if (id === undefined) throw new UsageError("name --will ID, or --relay FILES");
      if (out === undefined) {
        await execute(office, wallet, options, planBeat(office, wallet, id));
        return;
      }
      const { beatAt } = await writeBeat(io, office, wallet, id, out);
      present(io, options.json, { data: { file: out, beatAt }, text: `signed; written to ${out}` });
    });

  command("claim", "claim a death: registrars' certificates, or an overdue heartbeat with a bond")
    .addOption(manifestOption)
    .option("--certify <file>", "as a registrar: sign that this document proves the death")
    .option("--died <time>", "when the testator died, for --certify", moment)
    .option("--beside <file>", "another registrar's certificate over the same document, for --certify")
    .option("--out <file>", "where to write the certificate, for --certify")
    .option("--certificates <files...>", "claim on these registrars' word")
    .addOption(
      new Option("--overdue", "claim as an executor that the heartbeat is overdue; costs a bond if it is vetoed"),
    )
    .addHelpText(
      "after",
      "\nThe document stays with you; a salted hash of it is what is signed.\n\nExample: publica will claim --manifest will.json --certificates r1.json r2.json r3.json --keystore me.wallet --yes",
    )
    .action(async ({ certify: evidence, died, beside, out, certificates, overdue, ...options }) => {
      const ways = [evidence, certificates, overdue].filter((way) => way !== undefined);
      if (ways.length !== 1) throw new UsageError("name one of --certify FILE, --certificates FILES, --overdue");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (evidence !== undefined) {
        if (died === undefined || out === undefined) throw new UsageError("--certify needs --died TIME and --out FILE");
        present(io, options.json, await certify(io, office, wallet, loaded, { evidence, died, beside, out }));
      } else if (certificates !== undefined) {
        await execute(office, wallet, options, planDeathClaim(io, office, wallet.address, loaded, certificates));
      } else {
        const prepared = await planOverdueClaim(office, wallet.address, loaded);
        await confirmIrreversible(io, options.yes, "claim", "the bond is the testator's if the claim is vetoed");
        await execute(office, wallet, options, prepared);
      }
    });

  command("veto", "return a claimed will to life")
    .addOption(new Option("--will <id>", "the will's id: veto as the testator").argParser(willId).conflicts("manifest"))
    .option("--manifest <file>", "veto with the separate veto key the manifest names")
    .addHelpText("after", "\nExample: publica will veto --will 0xf39f…00 --keystore me.wallet --yes")
    .action(async ({ will: id, manifest, ...options }) => {
      const { office, wallet } = await enter(options);
      if (manifest !== undefined) {
        const loaded = await loadWill(io, office, manifest);
        await execute(office, wallet, options, planVeto(office, wallet.address, loaded.manifest.willId, loaded));
      } else if (id !== undefined)
        await execute(office, wallet, options, planVeto(office, wallet.address, id, undefined));
      else throw new UsageError("name --will ID, or --manifest FILE for the veto key");
    });

  command("extend", "as a guardian: lengthen the window of a pending claim by 30 days")
    .addOption(manifestOption)
    .addHelpText("after", "\nExample: publica will extend --manifest will.json --keystore notary.wallet --yes")
    .action(async (options) => {
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      await execute(office, wallet, options, planExtension(office, wallet.address, loaded));
    });

  command("revoke", "as the testator: end a will for ever")
    .addOption(new Option("--will <id>", "the will's id").argParser(willId).makeOptionMandatory())
    .addHelpText(
      "after",
      "\nAnother text is a new version: create --supersede. The vault stays the testator's.\n\nExample: publica will revoke --will 0xf39f…00 --keystore me.wallet --yes",
    )
    .action(async ({ will: id, ...options }) => {
      const { office, wallet } = await enter(options);
      const prepared = planRevocation(office, wallet.address, id);
      await confirmIrreversible(io, options.yes, "revoke", "the will is over, and its number is used up");
      await execute(office, wallet, options, prepared);
    });

  command("witness", "as a witness or notary: sign the sealed file and the shares' commitments")
    .addOption(manifestOption)
    .option("--role <name>", "what you sign as: witness, notary …", "witness")
    .option("--sign <file>", "write the signed testimony to this file, for somebody else to send")
    .option("--relay <files...>", "send testimonies that others signed")
    .addHelpText(
      "after",
      "\nExample: publica will witness --manifest will.json --role notary --keystore n.wallet --yes",
    )
    .action(async ({ sign: out, relay, role, ...options }) => {
      if (out !== undefined && relay !== undefined) throw new UsageError("--sign and --relay exclude each other");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (out !== undefined) requireFree(io, out);
      const testimonies =
        relay === undefined
          ? [await testify(office, wallet, loaded.manifest, role)]
          : relay.map((file) => readTestimony(io, loaded.manifest, file));
      if (out === undefined) {
        await execute(office, wallet, options, planTestimony(office, wallet.address, loaded, testimonies));
        return;
      }
      writeSigned(io, out, { ...testimonies[0] });
      present(io, options.json, { data: { file: out, role }, text: `signed as ${role}; written to ${out}` });
    });

  command("health", "as an heir or guardian, once a year: prove that your share is still there")
    .addOption(manifestOption)
    .addOption(new Option("--as <holder>", "whose share, for who is both").choices(["heir", "guardian"] as const))
    .option("--sign <file>", "write the signed check to this file, for somebody else to send within a day")
    .option("--relay <files...>", "send checks that others signed")
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nThe share signs the time and is not shown. status warns when too few guardians have done so.\n\nExample: publica will health --manifest will.json --keystore notary.wallet --yes",
    )
    .action(async ({ sign: out, relay, ...options }) => {
      if (out !== undefined && relay !== undefined) throw new UsageError("--sign and --relay exclude each other");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (out !== undefined) requireFree(io, out);
      const checks =
        relay === undefined
          ? [await checkHealth(io, office, wallet, loaded, options)]
          : relay.map((file) => readHealth(io, loaded.manifest, file));
      if (out === undefined) {
        await execute(office, wallet, options, planHealth(office, wallet.address, loaded, checks));
        return;
      }
      writeSigned(io, out, { ...checks[0] });
      present(io, options.json, {
        data: { file: out, checkedAt: checks[0]?.checkedAt },
        text: `signed; written to ${out}: send it within a day`,
      });
    });

  command("leak", "prove before the release that a guardian's share came into your hands, without showing it")
    .addOption(manifestOption)
    .requiredOption("--share-file <file>", "the share that was found: 0x and 64 hex digits")
    .addHelpText(
      "after",
      "\nThe guardian has no vote any more, and the testator should deal anew. The proof names you, so it cannot be taken from you.\n\nExample: publica will leak --manifest will.json --share-file found.txt --keystore any.wallet --yes",
    )
    .action(async ({ shareFile, ...options }) => {
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      const prepared = planLeak(io, office, wallet.address, loaded, shareFile);
      await confirmIrreversible(io, options.yes, "leak", "the guardian has no vote in this version any more");
      await execute(office, wallet, options, prepared);
    });

  command("dispute", "prove on chain that a share is false: one handed over, or one the testator dealt")
    .addOption(manifestOption)
    .option("--delivery <file>", "a share another heir handed over (default: the manifest itself is faulty)")
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nExample: publica will dispute --manifest will.json --delivery from-ben.json --keystore anna.wallet --yes",
    )
    .action(async ({ delivery, ...options }) => {
      const { office, wallet } = await enter(options);
      if (delivery === undefined) {
        const faulty = await loadUnchecked(io, office, options.manifest);
        await execute(office, wallet, options, planDealDispute(office, wallet.address, faulty, options.manifest));
        return;
      }
      const loaded = await loadWill(io, office, options.manifest);
      const prepared = await planDeliveryDispute(io, office, wallet, loaded, { ...options, delivery });
      await execute(office, wallet, options, prepared);
    });

  command("publish", "as a guardian: publish your share after release; releases a will whose window has passed")
    .addOption(manifestOption)
    .addOption(new Option("--escrow", "the share of the escrow key, once an heir's loss is confirmed"))
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nActs on finalised blocks only: a published share cannot be taken back.\n\nExample: publica will publish --manifest will.json --keystore notary.wallet --yes",
    )
    .action(async (options) => {
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (loaded.will.state === "claimed") {
        const prepared = await planFinalising(office, wallet.address, loaded);
        await confirmIrreversible(io, options.yes, "release", "the testator can veto no more");
        await execute(office, wallet, options, prepared);
        return;
      }
      const prepared = await planPublication(io, office, wallet, loaded, options);
      await confirmIrreversible(io, options.yes, "publish", "everybody will see your share");
      await execute(office, wallet, options, prepared);
    });

  command("lost", "after release: one heir's share is lost, and the escrowed one takes its place")
    .addOption(manifestOption)
    .addOption(new Option("--propose <number>", "as an executor: say that this heir is lost").argParser(position))
    .option("--vote <file>", "as a guardian: sign that the heir is lost, into this file")
    .option("--confirm <files...>", "send the guardians' votes, once the heir's 60 days are over")
    .addOption(new Option("--object", "as the heir: you are there"))
    .option("--sign <file>", "with --object: write the objection, signed by your share, for somebody else to send")
    .option("--relay <file>", "with --object: send an objection that the heir signed")
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nThen guardians run publish --escrow, and the other heirs open the will.\n\nExample: publica will lost --manifest will.json --propose 3 --keystore executor.wallet --yes",
    )
    .action(async ({ propose, vote: ballot, confirm, object, sign: out, relay, ...options }) => {
      const ways = [propose, ballot, confirm, object].filter((way) => way !== undefined);
      if (ways.length !== 1)
        throw new UsageError("name one of --propose NUMBER, --vote FILE, --confirm FILES, --object");
      if ((out !== undefined || relay !== undefined) && !object)
        throw new UsageError("--sign and --relay go with --object");
      if (out !== undefined && relay !== undefined) throw new UsageError("--sign and --relay exclude each other");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (ballot !== undefined) present(io, options.json, await vote(io, office, wallet, loaded, ballot));
      else if (out !== undefined)
        present(io, options.json, await signObjection(io, office, wallet, loaded, { ...options, sign: out }));
      else if (propose !== undefined)
        await execute(office, wallet, options, planLossProposal(office, wallet.address, loaded, propose));
      else if (confirm !== undefined) {
        const prepared = await planLossConfirmation(io, office, wallet.address, loaded, confirm);
        await confirmIrreversible(io, options.yes, "confirm", "the will opens without this heir");
        await execute(office, wallet, options, prepared);
      } else await execute(office, wallet, options, planObjection(io, office, wallet.address, loaded, relay));
    });

  command("share", "as an heir: hand your share to another heir, sealed for that heir")
    .addOption(manifestOption)
    .requiredOption("--to <file>", "the other heir's file, as publica will key wrote it")
    .requiredOption("--out <file>", "where to write the sealed share")
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nExample: publica will share --manifest will.json --to anna.json --out for-anna.json --keystore ben.wallet",
    )
    .action(async ({ to, ...options }) => {
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      present(io, options.json, await handOver(io, office, wallet, loaded, { ...options, to: readPerson(io, to) }));
    });

  command("open", "as an heir: open the will with the shares others handed you")
    .addOption(manifestOption)
    .option("--share <files...>", "shares other heirs handed over", [])
    .option("--file <file>", "the sealed file, if it is not in the store")
    .addOption(storeOption)
    .option("--out <file>", "where to write the document")
    .option("--attest <file>", "also sign what was opened, for --record")
    .option("--record <files...>", "record on chain that the will was opened, from the heirs' signatures")
    .addOption(encryptionKeyOption)
    .addOption(encryptionPasswordOption)
    .addHelpText(
      "after",
      "\nExample: publica will open --manifest will.json --share from-ben.json from-clara.json --out will.pdf --keystore anna.wallet",
    )
    .action(async ({ record, out, ...options }) => {
      if ((record === undefined) === (out === undefined))
        throw new UsageError("name --out FILE to open, or --record FILES");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (record !== undefined)
        await execute(office, wallet, options, planOpeningRecord(io, office, wallet.address, loaded, record));
      else if (out !== undefined)
        present(
          io,
          options.json,
          await openDocument(io, office, wallet, loaded, { ...options, share: options.share as string[], out }),
        );
    });

  command("payout", "after release: begin the settlement, and pay everybody named what is due; anyone may")
    .addOption(manifestOption)
    .option("--token <addresses...>", "tokens in the vault beside ETH and those the bequests name", addresses, [])
    .addOption(
      new Option("--to <address>", "where what is yours goes, when your own account cannot take it").argParser(
        parseAddress,
      ),
    )
    .addHelpText(
      "after",
      "\nEach claim stands for itself: one that would fail is named and left out. Run it again as time goes on.\n\nExample: publica will payout --manifest will.json --keystore any.wallet --yes",
    )
    .action(async (options) => {
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      await execute(office, wallet, options, await planPayout(office, wallet.address, loaded, options));
    });

  command("pay", "executors together: pay a debt or a fee, or assent that heirs are paid now")
    .addOption(manifestOption)
    .option("--out <file>", "as an executor: sign, into this file")
    .option("--as <file>", "sign the same as another executor's file")
    .addOption(new Option("--to <address>", "who is paid").argParser(parseAddress))
    .addOption(new Option("--amount <units>", "in base units: wei for ETH").argParser(units))
    .addOption(new Option("--asset <address>", "the token (default: ETH)").argParser(parseAddress))
    .option("--invoice <file>", "the invoice; a salted hash of it is what is signed")
    .addOption(new Option("--fee", "an executor's fee rather than a debt of the estate"))
    .addOption(new Option("--assent", "end the administration: heirs are paid, executors pay nothing more"))
    .option("--deadline <time>", "until when it may be sent", moment)
    .option("--send <files...>", "send what enough executors signed")
    .addHelpText(
      "after",
      "\nExample: publica will pay --manifest will.json --send p1.json p2.json --keystore any.wallet --yes",
    )
    .action(async ({ send, out, ...options }) => {
      if ((send === undefined) === (out === undefined))
        throw new UsageError("name --out FILE to sign, or --send FILES");
      const { office, wallet } = await enter(options);
      const loaded = await loadWill(io, office, options.manifest);
      if (out !== undefined) {
        present(io, options.json, await signRelease(io, office, wallet, loaded, { ...options, out }));
      } else if (send !== undefined) {
        const prepared = await planRelease(io, office, wallet.address, loaded, send);
        await confirmIrreversible(io, options.yes, "pay", "what is paid does not come back");
        await execute(office, wallet, options, prepared);
      }
    });

  will
    .command("status")
    .description("where a will stands, what comes next, and what must not wait")
    .addOption(new Option("--will <id>", "the will's id").argParser(willId))
    .option("--manifest <file>", "the will's manifest; it is checked against the chain")
    .addOption(
      new Option("--min-live <number>", "how many guardians must be alive (default: one more than release)").argParser(
        position,
      ),
    )
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nExit code 3, for a daily job that sends word: a claim is pending, a sign of life is due, a share leaked, or too few\nguardians are alive (leaked, or no health check and no sealing for 400 days).\n\nExample: publica will status --manifest will.json",
    )
    .action(async ({ will: id, manifest, minLive, json, ...options }) => {
      const office = officeOf(await deployedContext(io, options));
      const named = manifest === undefined ? id : (await loadWill(io, office, manifest)).manifest.willId;
      if (named === undefined) throw new UsageError("name --will ID or --manifest FILE");
      present(io, json, await willStatus(office, named, minLive));
    });

  return will as Command;
}
