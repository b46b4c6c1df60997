// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {IEnergyAccounts} from "../../contracts/energy/interfaces/IEnergyAccounts.sol";
import {CurveOrders} from "../../contracts/energy/libraries/CurveOrders.sol";
import {LedgerCalls} from "../../contracts/energy/libraries/LedgerCalls.sol";
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
    }

    function test_ledgerCallsPassRevertsOn() external {
        uint256[] memory many = new uint256[](65);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.loadList(many);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.moveList(many);
    }

    function testFuzz_firstValueOverTheCapIsFoundLikeInThePlainTwin(bytes32 seed, uint32 cap) external view {
        cap = uint32(bound(cap, 0, type(uint32).max));
        bytes memory values = new bytes(384);
        for (uint256 i = 0; i < 384; ++i) values[i] = bytes32(keccak256(abi.encode(seed, i)))[0];
        (uint256 index, int256 value) = this.firstOver(values, cap);
        (uint256 plainIndex, int256 plainValue) = this.firstOverPlain(values, cap);
        assertEq(index, plainIndex, "index");
        if (index < 96) assertEq(value, plainValue, "value");
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
        DeviationCell[] memory cells = _cells(count, seed);
        uint256 lanes = MeterValues.zeros(MeterValues.size(count));
        uint256 shares = MeterValues.zeros(count * MeterValues.SHARE_BYTES);
        uint256 plain = MeterValues.zeros(count * MeterValues.SHARE_BYTES);
        bytes memory copied = abi.encodePacked(positions, bytes32(type(uint256).max));
        for (uint256 a = 0; a < ACCOUNTS; ++a) {
            (uint256 metered, uint256 contracted) = _places(values, copied, a * count * 4);
            MeterValues.deviate(lanes, count, metered, contracted);
            _addPlainly(cells, values, positions, a * count);
        }
        for (uint256 t = 0; t < count; ++t) {
            (uint256 longWh, uint256 shortWh) = MeterValues.totals(lanes, t, ACCOUNTS);
            assertEq(longWh, cells[t].longWh, "surpluses");
            assertEq(shortWh, cells[t].shortWh, "shortages");
            if (uint256(seed) % 7 != t % 7) cells[t].nettedWh = longWh < shortWh ? longWh : shortWh;
            MeterValues.rate(lanes, shares, t, cells[t]);
        }
        int256 paid = 0;
        Loops memory loops = Loops(cells, lanes, shares, plain, copied);
        for (uint256 a = 0; a < ACCOUNTS; ++a) paid += _paysAlike(loops, values, positions, a * count);
        for (uint256 t = 0; t < count; ++t) {
            DeviationCell memory cell = cells[t];
            paid -= int256(cell.longWh - cell.nettedWh) * cell.longPrice;
            paid += int256(cell.shortWh - cell.nettedWh) * cell.shortPrice;
        }
        assertEq(paid, 0, "neighbours cancel, the rest is paid");
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
        bytes copied;
    }

    function _paysAlike(
        Loops memory loops,
        bytes calldata values,
        bytes calldata positions,
        uint256 first
    ) private pure returns (int256 money) {
        (int256 expected, uint256 beyond) = _payPlainly(loops.cells, loops.plain, values, positions, first);
        uint256 outside;
        (money, outside) = _payLanes(loops, values, first);
        assertEq(money, expected, "money");
        assertEq(outside, beyond, "outside the band");
    }

    function _payLanes(
        Loops memory loops,
        bytes calldata values,
        uint256 first
    ) private pure returns (int256 money, uint256 outside) {
        (uint256 metered, uint256 contracted) = _places(values, loops.copied, first * 4);
        return MeterValues.pay(loops.lanes, loops.shares, loops.cells.length, metered, contracted, 1_000);
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
}
