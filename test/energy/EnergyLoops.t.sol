// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {IEnergyAccounts} from "../../contracts/energy/interfaces/IEnergyAccounts.sol";
import {AccountWords} from "../../contracts/energy/libraries/AccountWords.sol";
import {CurveOrders} from "../../contracts/energy/libraries/CurveOrders.sol";
import {LedgerCalls} from "../../contracts/energy/libraries/LedgerCalls.sol";
import {OrderLoops} from "../../contracts/energy/libraries/OrderLoops.sol";
import {StepLanes} from "../../contracts/energy/libraries/StepLanes.sol";
import {Cell, UniformPrice} from "../../contracts/energy/libraries/UniformPrice.sol";
import {DeviationCell, MeterValues} from "../../contracts/energy/libraries/MeterValues.sol";
import {DeviceSignatures} from "../../contracts/foundation/libraries/DeviceSignatures.sol";

/// @dev Answers `load` and `move` with something that depends on every argument.
contract EchoLedger {
    error Refused(uint256 length);

    uint256 public lastHash;

    function load(uint256[] calldata accounts) external pure returns (uint256[] memory words) {
        if (accounts.length > 64) revert Refused(accounts.length);
        words = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) words[i] = uint256(keccak256(abi.encode(accounts[i], i)));
    }

    function move(uint256[] calldata entries, uint32 residual, bool upTo) external returns (int256) {
        if (entries.length > 64) revert Refused(entries.length);
        lastHash = uint256(keccak256(abi.encode(entries, residual, upTo)));
        return -int256(lastHash >> 1);
    }
}

/// @notice Every assembly loop of the energy market against its plain twin.
contract EnergyLoopsTest is Test {
    EchoLedger private immutable LEDGER = new EchoLedger();
    uint256 private constant SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function testFuzz_recordIsReadLikeItsPlainTwin(
        uint32 account,
        uint16 nonce,
        uint8 count,
        bytes32 seed,
        bytes32 domain,
        uint256 key
    ) external view {
        count = uint8(bound(count, 1, 96));
        key = bound(key, 1, SECP256K1_N - 1);
        bytes memory steps = new bytes(uint256(count) * 6);
        for (uint256 i = 0; i < steps.length; ++i) steps[i] = bytes32(keccak256(abi.encode(seed, i)))[0];
        _checkRecord(abi.encodePacked(account, nonce), steps, domain, key);
        bytes32 hash = this.plainHash(account & 0x7fffffff, 77, nonce, steps);
        (, bytes32 got, ) = this.read(abi.encodePacked(account, nonce, steps, domain, domain), count, 77, domain);
        assertEq(uint256(got), uint256(hash), "struct hash");
    }

    function _checkRecord(bytes memory start, bytes memory steps, bytes32 domain, uint256 key) private view {
        uint256 count = steps.length / 6;
        (, bytes32 hash, ) = this.read(abi.encodePacked(start, steps, domain, domain), count, 77, domain);
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, hash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes32 vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
        (uint256 head, , address signer) = this.read(abi.encodePacked(start, steps, r, vs), count, 77, domain);
        assertEq(head, uint48(bytes6(start)), "head");
        assertEq(signer, vm.addr(key), "signer");
    }

    function testFuzz_anySignatureIsRecoveredAsDeviceSignaturesDoes(bytes32 seed, bytes32 r, bytes32 vs) external view {
        bytes memory steps = abi.encodePacked(bytes6(seed));
        bytes memory record = abi.encodePacked(uint32(9), uint16(1), steps, r, vs);
        (, bytes32 hash, address signer) = this.read(record, 1, 5, seed);
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", seed, hash));
        assertEq(signer, DeviceSignatures.recoverSecp256k1(digest, r, vs), "signer or zero");
    }

    function testFuzz_ledgerCallsEqualTheInterface(uint256[] calldata raw, uint32 residual, bool upTo) external {
        IEnergyAccounts ledger = IEnergyAccounts(address(LEDGER));
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        if (raw.length > 64) {
            vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, raw.length));
            this.loadList(raw);
            return;
        }
        assertEq(abi.encode(LedgerCalls.load(ledger, items)), abi.encode(ledger.load(raw)), "load");
        int256 moved = LedgerCalls.move(ledger, items, residual, upTo);
        uint256 hash = LEDGER.lastHash();
        assertEq(moved, ledger.move(raw, residual, upTo), "residual");
        assertEq(hash, LEDGER.lastHash(), "arguments");
        assertEq(abi.encode(LedgerCalls.loadOver(ledger, items)), abi.encode(ledger.load(raw)), "load over");
    }

    function test_ledgerCallsPassRevertsOn() external {
        uint256[] memory many = new uint256[](65);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.loadList(many);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.moveList(many);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.loadListOver(many);
    }

    /// @dev Small values around a small cap: some are exactly as large, and some days stay within it.
    function testFuzz_firstValueOverTheCapIsFoundLikeInThePlainTwin(
        bytes32 seed,
        uint32 cap,
        bool small
    ) external view {
        if (small) cap %= 4;
        bytes memory values;
        for (uint256 i = 0; i < 96; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            values = abi.encodePacked(values, small ? int32(int256(word % 7) - 3) : int32(uint32(word)));
        }
        (uint256 index, int256 value) = this.firstOver(values, cap);
        (uint256 plainIndex, int256 plainValue) = this.firstOverPlain(values, cap);
        assertEq(index, plainIndex, "index");
        if (index < 96) assertEq(value, plainValue, "value");
    }

    function test_aZonesLanesAndSharesTakeWholeGroupsOfEightSlots() external pure {
        for (uint256 count = 1; count <= 96; ++count) {
            uint256 groups = count / 8 + (count % 8 == 0 ? 0 : 1);
            assertEq(MeterValues.size(count), groups * 2 * 6 * 32, "two halves of six words");
            assertEq(MeterValues.sharesSize(count), groups * 8 * 4 * 32, "four words a slot");
        }
    }

    /// @dev A few accounts, random days, any number of slots: lanes against whole words, slot by slot.
    function testFuzz_deviationsInLanesEqualTheirPlainTwin(bytes32 seed, uint8 rawCount, uint8 kind) external view {
        uint256 count = bound(rawCount, 1, 96);
        bytes memory values;
        bytes memory positions;
        for (uint256 i = 0; i < ACCOUNTS * count; ++i) {
            values = abi.encodePacked(values, _energy(seed, 2 * i, kind));
            positions = abi.encodePacked(positions, _energy(seed, 2 * i + 1, kind));
        }
        this.deviationsAgree(abi.encodePacked(values, bytes32(type(uint256).max)), positions, count, seed);
    }

    function _energy(bytes32 seed, uint256 i, uint8 kind) private pure returns (int32) {
        uint256 word = uint256(keccak256(abi.encode(seed, i)));
        if (word % 5 == 0) return 0;
        if (kind % 3 == 0) return int32(uint32(word >> 8));
        if (kind % 3 == 1) return int32(int256((word >> 8) % 401) - 200);
        return word % 2 == 0 ? type(int32).max : type(int32).min;
    }

    uint256 private constant ACCOUNTS = 5;

    function deviationsAgree(
        bytes calldata values,
        bytes calldata positions,
        uint256 count,
        bytes32 seed
    ) external pure {
        Loops memory loops = Loops(
            _cells(count, seed),
            MeterValues.zeros(MeterValues.size(count)),
            MeterValues.zeros(MeterValues.sharesSize(count)),
            MeterValues.zeros(count * MeterValues.SHARE_BYTES),
            new uint256[](ACCOUNTS)
        );
        bytes memory copied = abi.encodePacked(positions, bytes32(type(uint256).max));
        for (uint256 a = 0; a < ACCOUNTS; ++a) {
            (uint256 metered, uint256 contracted) = _places(values, copied, a * count * 4);
            loops.deviations[a] = MeterValues.deviate(loops.lanes, count, metered, contracted);
            _addPlainly(loops.cells, values, positions, a * count);
        }
        _rateAll(loops, seed);
        int256 paid = 0;
        for (uint256 a = 0; a < ACCOUNTS; ++a) paid += _paysAlike(loops, values, positions, a * count);
        for (uint256 t = 0; t < count; ++t) {
            DeviationCell memory cell = loops.cells[t];
            paid -= int256(cell.longWh - cell.nettedWh) * cell.longPrice;
            paid += int256(cell.shortWh - cell.nettedWh) * cell.shortPrice;
        }
        assertEq(paid, 0, "neighbours cancel, the rest is paid");
    }

    function _rateAll(Loops memory loops, bytes32 seed) private pure {
        for (uint256 t = 0; t < loops.cells.length; ++t) {
            DeviationCell memory cell = loops.cells[t];
            (uint256 longWh, uint256 shortWh) = MeterValues.totals(loops.lanes, t, ACCOUNTS);
            assertEq(longWh, cell.longWh, "surpluses");
            assertEq(shortWh, cell.shortWh, "shortages");
            if (uint256(seed) % 7 != t % 7) cell.nettedWh = longWh < shortWh ? longWh : shortWh;
            MeterValues.rate(loops.lanes, loops.shares, t, cell, 0);
        }
    }

    function _addPlainly(
        DeviationCell[] memory cells,
        bytes calldata values,
        bytes calldata positions,
        uint256 first
    ) private pure {
        for (uint256 t = 0; t < cells.length; ++t)
            MeterValues.add(cells[t], _value(values, first + t) - _value(positions, first + t));
    }

    struct Loops {
        DeviationCell[] cells;
        uint256 lanes;
        uint256 shares;
        uint256 plain;
        uint256[] deviations;
    }

    function _paysAlike(
        Loops memory loops,
        bytes calldata values,
        bytes calldata positions,
        uint256 first
    ) private pure returns (int256 money) {
        (int256 expected, uint256 beyond) = _payPlainly(loops.cells, loops.plain, values, positions, first);
        uint256 outside;
        (money, outside) = _payLanes(loops, first);
        assertEq(money, expected, "money");
        assertEq(outside, beyond, "outside the band");
    }

    function _payLanes(Loops memory loops, uint256 first) private pure returns (int256 money, uint256 outside) {
        uint256 count = loops.cells.length;
        return MeterValues.pay(loops.lanes, loops.shares, count, loops.deviations[first / count], 1_000);
    }

    function _payPlainly(
        DeviationCell[] memory cells,
        uint256 shares,
        bytes calldata values,
        bytes calldata positions,
        uint256 first
    ) private pure returns (int256 money, uint256 outside) {
        for (uint256 t = 0; t < cells.length; ++t) {
            int256 deviation = _value(values, first + t) - _value(positions, first + t);
            money += MeterValues.settle(cells[t], shares + t * MeterValues.SHARE_BYTES, deviation);
            outside += MeterValues.outside(deviation, 1_000);
        }
    }

    function _cells(uint256 count, bytes32 seed) private pure returns (DeviationCell[] memory cells) {
        cells = new DeviationCell[](count);
        for (uint256 t = 0; t < count; ++t) {
            uint256 word = uint256(keccak256(abi.encode(seed, "price", t)));
            cells[t].price = int256(word % 32_768) - 16_384;
            cells[t].longPrice = cells[t].price - int256((word >> 16) % (1 << 23));
            cells[t].shortPrice = cells[t].price + int256((word >> 48) % (1 << 23));
        }
    }

    function _places(
        bytes calldata values,
        bytes memory copied,
        uint256 offset
    ) private pure returns (uint256 metered, uint256 contracted) {
        assembly ("memory-safe") {
            metered := add(values.offset, offset)
            contracted := add(add(copied, 0x20), offset)
        }
    }

    function _value(bytes calldata values, uint256 i) private pure returns (int256) {
        return int32(uint32(bytes4(values[4 * i:4 * i + 4])));
    }

    /// @dev A few curves of any length around random prices: five steps a word against one after the other.
    function testFuzz_stepsInLanesEqualTheirPlainTwin(bytes32 seed, uint8 rawCount, uint8 kind) external view {
        uint256 count = bound(rawCount, 1, 96);
        bytes memory curves;
        for (uint256 i = 0; i < ACCOUNTS * count; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            // Few distinct prices make ties; all bits random also sets the one that must be ignored.
            if (kind % 2 == 0) word = (word & ~(uint256(0x7fff) << 32)) | ((16_380 + ((word >> 64) % 8)) << 32);
            if (word % 6 == 0) word &= ~uint256(0x7fffffff);
            curves = abi.encodePacked(curves, uint48(word));
        }
        this.stepsAgree(abi.encodePacked(curves, bytes32(type(uint256).max)), count, seed, kind);
    }

    function stepsAgree(bytes calldata curves, uint256 count, bytes32 seed, uint8 kind) external pure {
        Cell[] memory cells = _open(count, seed, kind);
        Cell[] memory plain = _open(count, seed, kind);
        uint256 lanes = StepLanes.open(cells, count);
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := curves.offset
        }
        for (uint256 a = 0; a < ACCOUNTS; ++a) {
            uint256 begin = pointer + a * count * 6;
            assertEq(StepLanes.tally(lanes, count, begin), StepLanes.cost(count, begin), "worst case");
            for (uint256 t = 0; t < count; ++t) {
                (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(begin + 6 * t);
                UniformPrice.add(plain[t], isOffer, tick, energyWh);
            }
        }
        StepLanes.gather(cells, count, lanes);
        assertEq(abi.encode(cells), abi.encode(plain), "sums");
        _give(cells, seed);
        _give(plain, seed);
        for (uint256 a = 0; a < ACCOUNTS; ++a) _fillsAgree(cells, plain, lanes, pointer + a * count * 6);
        assertEq(abi.encode(cells), abi.encode(plain), "runs");
    }

    function _fillsAgree(Cell[] memory cells, Cell[] memory plain, uint256 lanes, uint256 pointer) private pure {
        bytes memory out = new bytes(cells.length * 4 + 32);
        uint256 place;
        assembly ("memory-safe") {
            place := add(out, 0x20)
        }
        int256 money = StepLanes.fill(cells, 0, lanes, cells.length, pointer, place);
        bytes memory expected;
        for (uint256 t = 0; t < plain.length; ++t) {
            (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer + 6 * t);
            int256 position = int256(UniformPrice.take(plain[t], isOffer, tick, energyWh));
            if (!isOffer) position = -position;
            money -= position * plain[t].price;
            expected = abi.encodePacked(expected, int32(position));
        }
        assertEq(money, 0, "money");
        assertEq(out, abi.encodePacked(expected, bytes32(0)), "positions, and nothing behind them");
    }

    function _open(uint256 count, bytes32 seed, uint8 kind) private pure returns (Cell[] memory cells) {
        cells = new Cell[](count);
        for (uint256 t = 0; t < count; ++t) {
            uint256 word = uint256(keccak256(abi.encode(seed, "price", t)));
            int256 price = kind % 2 == 0 ? int256(word % 9) - 5 : int256(word % 32_768) - 16_384;
            UniformPrice.openCell(cells[t], price);
        }
    }

    /// @dev Part of each margin is served.
    function _give(Cell[] memory cells, bytes32 seed) private pure {
        for (uint256 t = 0; t < cells.length; ++t) {
            uint256 word = uint256(keccak256(abi.encode(seed, "given", t)));
            cells[t].boughtAt = cells[t].demandAt == 0 ? 0 : word % (cells[t].demandAt + 1);
            cells[t].soldAt = cells[t].supplyAt == 0 ? 0 : (word >> 128) % (cells[t].supplyAt + 1);
        }
    }

    /// @dev A claimed price may be anything; far outside the ticks it orders as just outside.
    function testFuzz_pricesOutsideTheTicksOrderLikeInThePlainTwin(int32 price, uint48 step) external view {
        this.outsideAgrees(abi.encodePacked(step, bytes32(type(uint256).max)), price);
    }

    function outsideAgrees(bytes calldata curve, int256 price) external pure {
        Cell[] memory cells = new Cell[](1);
        Cell[] memory plain = new Cell[](1);
        UniformPrice.openCell(cells[0], price);
        UniformPrice.openCell(plain[0], price);
        uint256 lanes = StepLanes.open(cells, 1);
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := curve.offset
        }
        StepLanes.tally(lanes, 1, pointer);
        StepLanes.gather(cells, 1, lanes);
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer);
        UniformPrice.add(plain[0], isOffer, tick, energyWh);
        assertEq(abi.encode(cells), abi.encode(plain), "sums");
    }

    function testFuzz_chainOfPostsEqualsItsPlainTwin(uint256 head, uint32 account, uint48 step) external pure {
        assertEq(CurveOrders.chain(head, account, step), CurveOrders.chainPlain(head, account, step), "head");
    }

    // --- calldata entrances ---

    function read(
        bytes calldata record,
        uint256 count,
        uint256 firstSlot,
        bytes32 domain
    ) external view returns (uint256, bytes32, address) {
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := record.offset
        }
        return CurveOrders.read(pointer, count, firstSlot, domain);
    }

    function plainHash(
        uint32 account,
        uint32 firstSlot,
        uint16 nonce,
        bytes calldata steps
    ) external pure returns (bytes32) {
        return CurveOrders.structHashPlain(account, firstSlot, nonce, steps);
    }

    function loadList(uint256[] calldata raw) external view returns (uint256[] memory) {
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        return LedgerCalls.load(IEnergyAccounts(address(LEDGER)), items);
    }

    function loadListOver(uint256[] calldata raw) external view returns (uint256[] memory) {
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        return LedgerCalls.loadOver(IEnergyAccounts(address(LEDGER)), items);
    }

    function moveList(uint256[] calldata raw) external returns (int256) {
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        return LedgerCalls.move(IEnergyAccounts(address(LEDGER)), items, 1, false);
    }

    function firstOver(bytes calldata values, uint256 cap) external pure returns (uint256, int256) {
        return MeterValues.firstOver(values, cap);
    }

    function firstOverPlain(bytes calldata values, uint256 cap) external pure returns (uint256, int256) {
        return MeterValues.firstOverPlain(values, cap);
    }

    // --- the loops over single steps ---

    uint256 private constant RECORDS = 6;
    uint32 private constant SLOT = 1_900_800;

    /// @dev Six records, any of them flawed in some way: the loop must stop exactly where the slow way would look closer.
    function testFuzz_recordsOfOneSlotAreCountedAndServedLikeTheirPlainTwin(bytes32 seed, uint8 kind) external view {
        bytes memory records;
        uint256[] memory words = new uint256[](RECORDS);
        for (uint256 i = 0; i < RECORDS; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            bytes memory record;
            (record, words[i]) = _record(random, i, seed, kind % 2 == 0 ? 0 : uint8(random >> 240) % 20);
            records = abi.encodePacked(records, record);
        }
        this.recordsAgree(records, words, seed);
    }

    function _record(
        uint256 random,
        uint256 i,
        bytes32 domain,
        uint8 flaw
    ) private pure returns (bytes memory record, uint256 word) {
        uint48 step = _step(random, flaw);
        uint32 account = uint32(2 * i + 1);
        bytes memory signature = _signature(1 + (random >> 96), account, _nonce(flaw), step, domain, flaw);
        if (flaw == 6) account |= 1 << 31;
        return (abi.encodePacked(account, _nonce(flaw), step, signature), _word(random, step, flaw));
    }

    /// @dev Of the record: one that is not the account's (7), or that of an account which has raised it (15).
    function _nonce(uint8 flaw) private pure returns (uint16) {
        return flaw == 7 || flaw == 15 ? 8 : 0;
    }

    function _step(uint256 random, uint8 flaw) private pure returns (uint48 step) {
        step = uint48(
            ((random & 1) << 47) | ((16_380 + ((random >> 8) % 8)) << 32) | uint32((random >> 16) & 0x7fffffff)
        );
        if (flaw == 1) step &= ~uint48(0x7fffffff);
        if (flaw == 2) step = uint48((uint256(step) & ~(uint256(0xffff) << 32)) | (uint256(0x7fff) << 32));
    }

    function _signature(
        uint256 key,
        uint32 account,
        uint16 nonce,
        uint48 step,
        bytes32 domain,
        uint8 flaw
    ) private pure returns (bytes memory) {
        bytes32 hash = keccak256(
            abi.encode(CurveOrders.TYPEHASH, account, SLOT, nonce, keccak256(abi.encodePacked(step)))
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, hash)));
        uint256 vs = uint256(s) | (uint256(v - 27) << 255);
        if (flaw == 3) vs = (SECP256K1_N - uint256(s)) | (uint256(28 - v) << 255);
        if (flaw == 4) vs ^= 1;
        return abi.encodePacked(flaw == 5 || flaw == 13 ? bytes32(0) : r, vs);
    }

    function _word(uint256 random, uint48 step, uint8 flaw) private pure returns (uint256 word) {
        uint256 key = 1 + (random >> 96);
        uint256 balance = flaw == 2 ? 16_383 * uint256(step & 0x7fffffff) : type(uint64).max;
        if (flaw == 9) balance = 0;
        uint256 zone = flaw == 10 ? 2 : (random >> 200) % 2;
        word = (uint256(uint160(vm.addr(flaw == 8 ? key + 1 : key))) << 96) | (balance << 32);
        word |= (flaw == 14 || flaw == 15 ? 8 << 16 : 0) | (zone << 8) | (flaw == 11 ? 3 : 1);
        // An account that is not there must not be owned by a signature that is none.
        if (flaw == 12 || flaw == 13) word &= (1 << 96) - 1;
    }

    function recordsAgree(bytes calldata records, uint256[] memory words, bytes32 domain) external view {
        Cell[] memory cells = _open(2, domain, 0);
        Cell[] memory plain = _open(2, domain, 0);
        uint256 scratch = OrderLoops.open(SLOT, domain, cells, 2);
        uint256 pointer = _offset(records);
        bytes32[] memory leaves = new bytes32[](RECORDS);
        for (uint256 i = 0; i < RECORDS; ++i) {
            uint256 stop = OrderLoops.countRecords(scratch, pointer, words, leaves, i);
            for (; i < RECORDS; ++i) {
                bytes32 expected = _countPlainly(plain, pointer + 76 * i, words[i], domain);
                assertEq(i == stop, expected == 0, "stops at what needs a closer look, and only there");
                if (expected == 0) break;
                assertEq(leaves[i], expected, "leaf");
            }
            // The slower way may find a record in order after all.
            if (i == RECORDS) assertEq(stop, RECORDS, "to the end");
            else if (uint8(words[i] >> 8) < 2 && CurveOrders.accountAt(pointer + 76 * i) & CurveOrders.ABSENT == 0) {
                StepLanes.tallyOne(cells[uint8(words[i] >> 8)], pointer + 76 * i + 6);
                StepLanes.tallyOne(plain[uint8(words[i] >> 8)], pointer + 76 * i + 6);
            }
        }
        assertEq(abi.encode(cells), abi.encode(plain), "sums");
        // A zone that is not there was never counted: its record would be absent.
        for (uint256 i = 0; i < RECORDS; ++i) if (uint8(words[i] >> 8) > 1) return;
        _give(cells, domain);
        _give(plain, domain);
        _servesAlike(scratch, pointer, words, plain);
        assertEq(abi.encode(cells), abi.encode(plain), "runs");
    }

    function _servesAlike(uint256 scratch, uint256 pointer, uint256[] memory words, Cell[] memory plain) private pure {
        uint256[] memory entries = new uint256[](RECORDS + 2);
        uint256 place;
        assembly ("memory-safe") {
            place := add(entries, 0x40)
        }
        (bytes32 chain, uint256 end) = OrderLoops.serveRecords(scratch, pointer, words, place, "start");
        uint256 next = 1;
        bytes32 expected = "start";
        for (uint256 i = 0; i < RECORDS; ++i) {
            uint256 entry;
            (entry, expected) = _servePlainly(plain, pointer + 76 * i, words[i], expected);
            // Who trades nothing needs no entry.
            if (entry == 0 || (uint224(entry) == 0 && entries[next] != entry)) continue;
            assertEq(entries[next++], entry, "entry");
        }
        assertEq(chain, expected, "positions");
        assertEq(end, place + 32 * (next - 1), "as many as trade");
        for (; next < RECORDS + 2; ++next) assertEq(entries[next] | entries[0], 0, "nothing beside");
    }

    function _countPlainly(
        Cell[] memory cells,
        uint256 pointer,
        uint256 word,
        bytes32 domain
    ) private view returns (bytes32 leaf) {
        (uint256 head, bytes32 hash, address signer) = CurveOrders.read(pointer, 1, SLOT, domain);
        bool fine = head >> 47 == 0 && uint16(head | (word >> 16)) == 0 && word & 2 == 0;
        fine = fine && signer != address(0) && signer == address(uint160(word >> 96)) && uint8(word >> 8) < 2;
        if (!fine || StepLanes.cost(1, pointer + 6) > uint64(word >> 32)) return 0;
        StepLanes.tallyOne(cells[uint8(word >> 8)], pointer + 6);
        return CurveOrders.leaf(head >> 16, hash);
    }

    function _servePlainly(
        Cell[] memory cells,
        uint256 pointer,
        uint256 word,
        bytes32 chain
    ) private pure returns (uint256 entry, bytes32 next) {
        uint256 account = CurveOrders.accountAt(pointer);
        uint256 buffer = CurveOrders.positionBuffer(1);
        CurveOrders.clearPosition(buffer, 1, account & ~CurveOrders.ABSENT);
        if (account & CurveOrders.ABSENT == 0) {
            int256 money = StepLanes.fillOne(cells[uint8(word >> 8)], pointer + 6, buffer + 36);
            entry = (account << 224) | (uint256(money) & ((1 << 224) - 1));
        }
        return (entry, CurveOrders.chainPosition(buffer, 1, chain));
    }

    /// @dev Twelve posted orders of three slots and two zones, from accounts that can afford some of them.
    function testFuzz_postedOrdersAreCountedAndServedLikeTheirPlainTwin(bytes32 seed) external {
        bytes memory posted;
        uint256[] memory words = new uint256[](12);
        for (uint256 i = 0; i < 12; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint48 step = uint48(
                ((random & 1) << 47) | ((16_380 + ((random >> 8) % 8)) << 32) | ((random >> 16) % 1_000)
            );
            uint256 account = 1 + ((random >> 64) % 4);
            posted = abi.encodePacked(posted, uint8(i / 4), uint32(account), step);
            uint256 zone = (random >> 72) % 9 == 0 ? 2 : account % 2;
            words[i] = (4_000 << 32) | (zone << 8) | ((random >> 80) % 9 == 0 ? 2 : 0);
        }
        this.postsAgree(posted, words, seed);
    }

    function postsAgree(bytes calldata posted, uint256[] memory words, bytes32 seed) external {
        Cell[] memory cells = _open(6, seed, 0);
        Cell[] memory plain = _open(6, seed, 0);
        uint256 scratch = OrderLoops.open(SLOT, seed, cells, 2);
        uint256 pointer = _offset(posted);
        uint256[] memory places = new uint256[](12);
        for (uint256 i = 12; i != 0; --i) {
            uint256 stop = OrderLoops.countPosts(scratch, pointer, words, places, i);
            for (; i != 0; --i) {
                bool counted = _countPostPlainly(plain, posted, words[i - 1], i - 1, places[i - 1]);
                assertEq(i == stop, !counted, "stops at what needs a closer look, and only there");
                if (!counted) break;
            }
            if (i == 0) break;
        }
        assertEq(abi.encode(cells), abi.encode(plain), "sums");
        _give(cells, seed);
        _give(plain, seed);
        _postsServeAlike(scratch, pointer, places, plain);
        assertEq(abi.encode(cells), abi.encode(plain), "runs");
        uint256[] memory accounts = new uint256[](12);
        OrderLoops.postAccounts(pointer, accounts);
        for (uint256 i = 0; i < 12; ++i) {
            (, uint32 account, ) = CurveOrders.postAt(posted, i);
            assertEq(accounts[i], account, "account");
        }
    }

    function _postsServeAlike(
        uint256 scratch,
        uint256 pointer,
        uint256[] memory places,
        Cell[] memory plain
    ) private pure {
        uint256[] memory entries = new uint256[](12);
        bytes32 chain = OrderLoops.servePosts(scratch, pointer, places, entries, "start");
        bytes32 expected = "start";
        for (uint256 i = 0; i < 12; ++i) {
            uint256 entry = 0;
            if (places[i] != 0) (entry, expected) = _servePostPlainly(plain[places[i] - 1], pointer + 11 * i, expected);
            assertEq(entries[i], entry, "entry");
        }
        assertEq(chain, expected, "positions");
    }

    function _servePostPlainly(
        Cell memory cell,
        uint256 pointer,
        bytes32 chain
    ) private pure returns (uint256 entry, bytes32 next) {
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer + 5);
        int256 position = int256(UniformPrice.take(cell, isOffer, tick, energyWh));
        if (!isOffer) position = -position;
        entry = (CurveOrders.accountAt(pointer + 1) << 224) | (uint256(position * cell.price) & ((1 << 224) - 1));
        return (entry, CurveOrders.chainPost(chain, pointer, position));
    }

    /// @dev Keeps its own cover under another slot.
    function _countPostPlainly(
        Cell[] memory cells,
        bytes calldata posted,
        uint256 word,
        uint256 i,
        uint256 place
    ) private returns (bool) {
        if (word & 2 != 0 || uint8(word >> 8) > 1) return false;
        (uint256 slot, uint32 account, ) = CurveOrders.postAt(posted, i);
        uint256 pointer = _offset(posted) + 11 * i + 5;
        uint256 worst = StepLanes.cost(1, pointer);
        if (worst != 0 && CurveOrders.spentOf(1, account) + worst > uint64(word >> 32)) return false;
        CurveOrders.spend(1, account, worst);
        uint256 cell = uint8(word >> 8) * 3 + slot;
        assertEq(place, cell + 1, "cell");
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(pointer);
        UniformPrice.add(cells[cell], isOffer, tick, energyWh);
        return true;
    }

    function testFuzz_aSlotsChainEqualsItsPlainTwin(bytes32 seed, uint256 head, uint8 rawEnd) external view {
        uint256 end = bound(rawEnd, 0, 9);
        bytes memory posted;
        for (uint256 i = 0; i < 9; ++i)
            posted = abi.encodePacked(posted, uint8(i / 3), bytes10(keccak256(abi.encode(seed, i))));
        this.chainsAgree(posted, head, end);
    }

    function chainsAgree(bytes calldata posted, uint256 head, uint256 end) external pure {
        uint256 next = 0;
        for (uint256 t = 0; t < 3; ++t) {
            (uint256 chained, uint256 reached) = CurveOrders.chainSlot(posted, next, end, t, head);
            for (; next < end && next / 3 == t; ++next) {
                (, uint32 account, uint48 step) = CurveOrders.postAt(posted, next);
                head = CurveOrders.chainPlain(head, account, step);
            }
            assertEq(chained, head, "head");
            assertEq(reached, next, "next");
        }
    }

    uint256[4294967296] private _ledger;

    /// @dev Changes of which some leave no balance, or meet no account.
    function testFuzz_changesOfTheLedgerEqualTheirPlainTwin(bytes32 seed) external {
        uint256[] memory entries = new uint256[](10);
        uint256[] memory expected = new uint256[](5);
        for (uint256 a = 0; a < 4; ++a)
            _ledger[a] = expected[a] = (uint256(seed) << 96) | ((uint64(uint256(seed) >> (16 * a)) >> 1) << 32) | a | 1;
        for (uint256 i = 0; i < 10; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            int256 amount = int256(random >> 193) - int256(1 << 62);
            if (random % 5 == 0) amount = 0;
            entries[i] = (((random >> 8) % 5) << 224) | (uint256(amount) & ((1 << 224) - 1));
        }
        for (uint256 i = 0; i < 10; ++i) {
            (uint256 next, int256 sum) = this.change(entries, i);
            int256 plain = 0;
            for (; i < 10; ++i) {
                int256 amount = int256(entries[i] << 32) >> 32;
                uint256 word = expected[entries[i] >> 224];
                int256 balance = int256(uint256(uint64(word >> 32))) + amount;
                bool fits = word != 0 && balance >= 0 && balance <= int256(uint256(type(uint64).max));
                assertEq(i == next, amount != 0 && !fits, "stops at what does not fit, and only there");
                if (i == next) break;
                if (amount == 0) continue;
                plain += amount;
                expected[entries[i] >> 224] = (word & ~(uint256(type(uint64).max) << 32)) | (uint256(balance) << 32);
            }
            assertEq(sum, plain, "sum");
        }
        for (uint256 a = 0; a < 5; ++a) assertEq(_ledger[a], expected[a], "words");
    }

    function change(uint256[] calldata entries, uint256 i) external returns (uint256, int256) {
        return AccountWords.change(_ledger, entries, i);
    }

    function _offset(bytes calldata data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := data.offset
        }
    }
}
