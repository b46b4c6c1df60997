import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { energyOf, firstSlotOf, showStep, slotDay, slotOf, slotTime, tickOf } from "../src/energy/market.ts";
import { type OrderFile, readCurve, readOrderFiles, writeOrderFile } from "../src/energy/orderFile.ts";
import type { Io } from "../src/lib/io.ts";

const EURO = { address: `0x${"11".repeat(20)}`, symbol: "EUR", decimals: 6 } as const;

describe("publica energy", () => {
  let folder: string;
  let io: Io;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "publica-energy-"));
    io = { stdout: () => {}, stderr: () => {}, env: {}, cwd: folder, askSecret: undefined };
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const curve = (text: string) => {
    writeFileSync(join(folder, "curve.csv"), text);
    return readCurve(io, "curve.csv", "2026-12-01", EURO);
  };
  const order: OrderFile = {
    ...{ chainId: 1, exchange: `0x${"22".repeat(20)}`, account: 4, nonce: 0, firstSlot: 96 },
    steps: [{ side: "bid", tick: -3, energyWh: 12 }],
    ...{ r: `0x${"33".repeat(32)}`, vs: `0x${"44".repeat(32)}` },
  };

  it("reads prices a kWh, energy in kWh and quarters of an hour, and shows them the same way", () => {
    expect([tickOf("0.275", EURO), tickOf("-0.06", EURO), tickOf("1", EURO)]).to.deep.equal([275, -60, 1_000]);
    expect(() => tickOf("0.2751", EURO)).to.throw("no price a kWh");
    expect(() => tickOf("cheap", EURO)).to.throw("no price a kWh");
    expect([tickOf("16.383", EURO), tickOf("-16.384", EURO)]).to.deep.equal([16_383, -16_384]);
    for (const price of ["16.384", "-16.385"]) expect(() => tickOf(price, EURO)).to.throw("no market takes");
    expect(() => tickOf("1", { ...EURO, decimals: 18 })).to.throw("has not 6 decimals");
    expect([energyOf("1.25"), energyOf("0.001")]).to.deep.equal([1_250, 1]);
    expect(() => energyOf("-1")).to.throw("no amount of kWh");
    expect(energyOf("2147483.647")).to.equal(2 ** 31 - 1);
    expect(() => energyOf("2147483.648")).to.throw("no order holds");
    expect(slotOf("2026-12-01", "12:15") - firstSlotOf("2026-12-01")).to.equal(49);
    expect([slotDay(slotOf("2026-12-01", "23:45")), slotTime(slotOf("2026-12-01", "23:45"))]).to.deep.equal([
      "2026-12-01",
      "23:45",
    ]);
    expect(() => slotOf("2026-12-01", "12:10")).to.throw("no quarter of an hour");
    expect(() => slotOf("2026-12-01", "24:00")).to.throw("no quarter of an hour");
    expect(() => firstSlotOf("2026-02-30")).to.throw("no day");
    expect(showStep({ side: "bid", tick: 275, energyWh: 1_250 })).to.equal("bid 1.250 kWh at 0.275");
  });

  it("reads a day's curve line by line and names the line that is wrong", () => {
    const steps = curve("time,side,price,kWh\n# noon\n12:00,offer,0.09,1.5\n\n23:45,bid,0.3,0.2\n");
    expect(steps.length).to.equal(96);
    expect(steps[48]).to.deep.equal({ side: "offer", tick: 90, energyWh: 1_500 });
    expect(steps[95]).to.deep.equal({ side: "bid", tick: 300, energyWh: 200 });
    expect(steps.filter(({ energyWh }) => energyWh > 0).length).to.equal(2);
    expect(() => curve("12:00,sell,0.09,1")).to.throw("line 1 of curve.csv");
    expect(() => curve("12:00,bid,0.09,1,5")).to.throw("line 1 of curve.csv");
    expect(() => curve("12:00,bid,0.09,1\n12:00,bid,0.08,1")).to.throw("line 2 of curve.csv names 12:00 a second time");
    expect(() => curve("# nothing")).to.throw("holds no step");
    expect(() => readCurve(io, "none.csv", "2026-12-01", EURO)).to.throw("cannot be read");
  });

  it("writes signed orders once, and reads them back from files and folders", () => {
    writeOrderFile(io, "order.json", order);
    expect(() => writeOrderFile(io, "order.json", order)).to.throw("exists already");
    expect(() => writeOrderFile(io, join("no", "such"), order)).to.throw("cannot be written");
    expect(readOrderFiles(io, ["order.json"])).to.deep.equal([order]);
    expect(readOrderFiles(io, ["."])).to.deep.equal([order]);
    expect(() => readOrderFiles(io, ["none.json"])).to.throw("cannot be read");
    writeFileSync(join(folder, "bad.json"), "{");
    expect(() => readOrderFiles(io, ["bad.json"])).to.throw("is not JSON");
    writeFileSync(join(folder, "bad.json"), JSON.stringify({ ...order, account: "4" }));
    expect(() => readOrderFiles(io, ["bad.json"])).to.throw("wrong at account");
  });
});
